import type { DomainErrorShape } from "@windlass/api";
import { OctagonAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/components/ui/cn";
import { ScrolledText } from "@/components/ui/scrolled-text";

/** What happened, why as far as known, and what to do. */
export function ProblemCard(props: {
  title: string;
  /** `code` is what to quote */
  problem: Pick<DomainErrorShape, "message" | "evidence"> & { code: string };
  onRetry?: () => void;
  actions?: ReactNode;
  className?: string;
}) {
  const { title, problem, onRetry, actions, className } = props;
  return (
    <section
      aria-label={title}
      className={cn("flex flex-col gap-2 rounded-md border border-failed bg-failed-ground p-4", className)}
    >
      <h2 className="flex items-center gap-2 font-semibold text-failed">
        <OctagonAlert className="size-4 shrink-0" aria-hidden="true" />
        {title}
      </h2>
      <p className="text-base">{problem.message}</p>
      {problem.evidence.length > 0 && <ScrolledText text={problem.evidence.join("\n")} />}
      <div className="flex flex-wrap items-center gap-2">
        {actions}
        {onRetry && <Button onClick={onRetry}>Try again</Button>}
        <span className="font-mono text-muted text-xs">{problem.code}</span>
      </div>
    </section>
  );
}
