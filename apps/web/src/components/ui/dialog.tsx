"use client";

import { X } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { Button } from "./button";
import { cn } from "./cn";

export const Dialog = Primitive.Root;
export const DialogTrigger = Primitive.Trigger;
export const DialogClose = Primitive.Close;

interface ContentProps extends Omit<ComponentProps<typeof Primitive.Content>, "title"> {
  title: ReactNode;
  description?: ReactNode;
  /** The title is for assistive technology only */
  isTitleHidden?: boolean;
}

const OVERLAY = "fixed inset-0 z-40 animate-[appear_120ms_ease-out] bg-overlay";

function Frame({ title, description, isTitleHidden, className, children, ...props }: ContentProps) {
  return (
    <Primitive.Portal>
      <Primitive.Overlay className={OVERLAY} />
      <Primitive.Content
        className={cn("fixed z-50 flex flex-col border border-border bg-raised focus:outline-none", className)}
        {...(description ? {} : { "aria-describedby": undefined })}
        {...props}
      >
        <div className={isTitleHidden ? "sr-only" : "flex items-start gap-3 border-border border-b px-4 py-3"}>
          <div className="min-w-0 flex-1">
            <Primitive.Title className="font-semibold text-base">{title}</Primitive.Title>
            {description && (
              <Primitive.Description className="mt-0.5 text-muted text-sm">{description}</Primitive.Description>
            )}
          </div>
          {!isTitleHidden && (
            <Primitive.Close asChild>
              <Button variant="ghost" size="icon-sm" aria-label="Close">
                <X aria-hidden="true" />
              </Button>
            </Primitive.Close>
          )}
        </div>
        {children}
      </Primitive.Content>
    </Primitive.Portal>
  );
}

export function DialogContent({ className, ...props }: ContentProps) {
  return (
    <Frame
      className={cn(
        "top-[12vh] left-1/2 max-h-[80vh] w-[min(560px,calc(100vw-32px))] -translate-x-1/2 animate-[appear_120ms_ease-out] overflow-hidden rounded-md",
        className,
      )}
      {...props}
    />
  );
}

export function SheetContent({ side = "right", className, ...props }: ContentProps & { side?: "left" | "right" }) {
  return (
    <Frame
      className={cn(
        "inset-y-0 w-[min(560px,100vw)]",
        side === "right"
          ? "right-0 animate-[slide-from-right_140ms_ease-out] border-y-0 border-r-0"
          : "left-0 w-[min(280px,85vw)] animate-[slide-from-left_140ms_ease-out] border-y-0 border-l-0",
        className,
      )}
      {...props}
    />
  );
}
