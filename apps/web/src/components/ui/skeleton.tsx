import { cn } from "./cn";

/** Takes the place and the size of what is still loading. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cn("animate-pulse rounded-md bg-hover", className)} />;
}
