"use client";

import { Check } from "lucide-react";
import { DropdownMenu as Primitive } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";

/** Not modal: the page behind stays readable for everybody. */
export const Menu = (props: ComponentProps<typeof Primitive.Root>) => <Primitive.Root modal={false} {...props} />;
export const MenuTrigger = Primitive.Trigger;
export const MenuRadioGroup = Primitive.RadioGroup;

const ITEM =
  "flex min-h-8 cursor-pointer pointer-coarse:min-h-10 items-center gap-2 rounded-sm px-2 py-1 text-sm outline-none data-[disabled]:cursor-not-allowed data-[highlighted]:bg-hover data-[disabled]:text-muted [&_svg]:size-4 [&_svg]:shrink-0";

/** Menus open inside the page's main landmark, so that nothing stands outside of one. */
const landmark = () => (typeof document === "undefined" ? null : document.getElementById("content"));

type ContentProps = ComponentProps<typeof Primitive.Content> & {
  /** For a menu in a dialog or a sheet, which keep everything outside of them out of reach */
  isInPlace?: boolean;
};

export function MenuContent({ className, isInPlace = false, ...props }: ContentProps) {
  const content = (
    <Primitive.Content
      sideOffset={4}
      collisionPadding={8}
      className={cn(
        "z-50 max-h-[min(70vh,480px)] min-w-44 max-w-[calc(100vw-16px)] animate-[appear_100ms_ease-out] overflow-y-auto rounded-md border border-border bg-raised p-1",
        className,
      )}
      {...props}
    />
  );
  return isInPlace ? content : <Primitive.Portal container={landmark()}>{content}</Primitive.Portal>;
}

export function MenuItem({ className, ...props }: ComponentProps<typeof Primitive.Item>) {
  return <Primitive.Item className={cn(ITEM, className)} {...props} />;
}

export function MenuRadioItem({ className, children, ...props }: ComponentProps<typeof Primitive.RadioItem>) {
  return (
    <Primitive.RadioItem className={cn(ITEM, className)} {...props}>
      {children}
      <Primitive.ItemIndicator className="ml-auto">
        <Check aria-hidden="true" />
      </Primitive.ItemIndicator>
    </Primitive.RadioItem>
  );
}

export function MenuLabel({ className, ...props }: ComponentProps<typeof Primitive.Label>) {
  return <Primitive.Label className={cn("px-2 py-1 text-muted text-xs", className)} {...props} />;
}

export function MenuSeparator() {
  return <Primitive.Separator className="-mx-1 my-1 h-px bg-border" />;
}
