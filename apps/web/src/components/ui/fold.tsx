import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "./cn";

/** Folded details that open in place. */
export function Fold(props: { summary: ReactNode; children: ReactNode; isOpen?: boolean; className?: string }) {
  const { summary, children, isOpen, className } = props;
  return (
    <details open={isOpen} className={cn("group rounded-md border border-border", className)}>
      <summary className="flex min-h-9 list-none items-center gap-1.5 rounded-md px-3 font-medium text-sm hover:bg-hover">
        <ChevronRight
          aria-hidden="true"
          className="size-4 shrink-0 text-muted transition-transform duration-100 group-open:rotate-90"
        />
        {summary}
      </summary>
      <div className="border-border border-t">{children}</div>
    </details>
  );
}
