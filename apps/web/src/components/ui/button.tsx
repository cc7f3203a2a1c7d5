import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";

export const buttonVariants = cva(
  "inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium text-sm transition-colors duration-100 aria-disabled:cursor-not-allowed aria-disabled:opacity-60 disabled:opacity-60 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-accent text-accent-foreground hover:bg-accent-hover",
        secondary: "border border-border bg-raised text-foreground hover:bg-hover",
        ghost: "text-foreground hover:bg-hover",
        danger: "border border-border bg-raised text-failed hover:bg-failed-ground",
        link: "h-auto px-0 text-accent underline-offset-4 hover:underline",
      },
      // On a touch screen each is as large as a thumb needs.
      size: {
        md: "h-8 px-3 pointer-coarse:h-10",
        sm: "h-7 px-2 text-xs pointer-coarse:h-9",
        icon: "size-8 pointer-coarse:size-10",
        "icon-sm": "size-7 pointer-coarse:size-9",
      },
    },
    defaultVariants: { variant: "secondary", size: "md" },
  },
);

type Props = ComponentProps<"button"> & VariantProps<typeof buttonVariants> & { asChild?: boolean };

export function Button({ className, variant, size, asChild, type = "button", ...props }: Props) {
  const classes = cn(buttonVariants({ variant, size }), variant === "link" && "h-auto px-0", className);
  if (asChild) return <Slot.Root className={classes} {...props} />;
  return <button type={type} className={classes} {...props} />;
}
