import type { ComponentProps } from "react";
import { cn } from "./cn";

// Phones zoom into what has smaller letters than 16 px when it is touched.
const BOX =
  "w-full min-w-0 rounded-md border border-input bg-raised px-2.5 text-base text-foreground pointer-coarse:text-[16px] aria-invalid:border-failed disabled:opacity-60";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(BOX, "h-8 pointer-coarse:h-10", className)} {...props} />;
}

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return <textarea className={cn(BOX, "min-h-24 py-1.5 font-mono text-sm", className)} {...props} />;
}

export function Select({ className, ...props }: ComponentProps<"select">) {
  return <select className={cn(BOX, "h-8 pr-1 pointer-coarse:h-10", className)} {...props} />;
}
