"use client";

import type { DeploymentDetail } from "@windlass/api";
import { Ban, Circle, CircleCheck, CircleX, LoaderCircle, type LucideIcon } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { formatDuration, formatRunning } from "@/features/time/duration";
import { useNow } from "@/features/time/use-now";

type Step = DeploymentDetail["steps"][number];

const LOOKS: Record<Step["status"], { icon: LucideIcon; tone: string; word: string }> = {
  running: { icon: LoaderCircle, tone: "text-working", word: "running" },
  succeeded: { icon: CircleCheck, tone: "text-live", word: "done" },
  failed: { icon: CircleX, tone: "text-failed", word: "failed" },
  cancelled: { icon: Ban, tone: "text-waiting", word: "cancelled" },
};

/** A step of a few milliseconds is not late when it takes a second. */
const LATE_AFTER_MS = 1000;

/** The steps in order: those that ran with their durations, then those to come. Each leads to its place in the log. */
export function Steps(props: { deployment: DeploymentDetail; onChoose: (step: string) => void }) {
  const { deployment, onChoose } = props;
  const { steps, stepsToCome } = deployment;
  return (
    <ol aria-label="Steps" className="flex flex-col rounded-md border border-border bg-raised py-1">
      {steps.map((step) => (
        <StepItem
          key={`${step.position} ${step.attempt}`}
          step={step}
          // The card above the steps says it already.
          isErrorTold={step.error === deployment.end?.message}
          onChoose={() => onChoose(step.name)}
        />
      ))}
      {steps.length + stepsToCome.length === 0 && <li className="px-3 py-1.5 text-muted text-sm">No step began.</li>}
      {stepsToCome.map(({ name, estimateMs }) => (
        <li key={name} className="flex h-9 items-center gap-2 px-3 text-muted text-sm">
          <Circle className="size-4 shrink-0" aria-hidden="true" />
          <span className="min-w-0 flex-1">{name}</span>
          <span className="sr-only">, to come</span>
          {estimateMs !== null && <span className="text-xs tabular-nums">~{formatDuration(estimateMs)}</span>}
        </li>
      ))}
    </ol>
  );
}

function StepItem({ step, isErrorTold, onChoose }: { step: Step; isErrorTold: boolean; onChoose: () => void }) {
  const now = useNow(step.status === "running");
  const { icon: Icon, tone, word } = LOOKS[step.status];
  const tookMs = (step.endedAt?.getTime() ?? now) - step.startedAt.getTime();
  const { estimateMs } = step;
  const isLate = estimateMs !== null && tookMs > estimateMs + LATE_AFTER_MS;
  const share = estimateMs ? Math.min(100, (tookMs / estimateMs) * 100) : null;
  const isRunning = step.status === "running";
  return (
    <li className="px-1">
      <button
        type="button"
        onClick={onChoose}
        className="flex min-h-9 w-full flex-wrap items-center gap-x-2 rounded-sm px-2 py-1 text-left text-sm hover:bg-hover"
      >
        <Icon className={cn("size-4 shrink-0", tone, isRunning && "animate-spin")} aria-hidden="true" />
        <span className={cn("min-w-0 flex-1", isRunning && "font-medium")}>
          {step.name}
          <span className="sr-only">, {word}</span>
          {step.attempt > 1 && <span className="text-muted text-xs"> · attempt {step.attempt}</span>}
        </span>
        <span className="text-muted text-xs tabular-nums">
          {isRunning ? formatRunning(tookMs) : formatDuration(tookMs)}
          {isRunning && estimateMs !== null && (isLate ? `, usually ` : ` of ~`)}
          {isRunning && estimateMs !== null && formatDuration(estimateMs)}
        </span>
        {isRunning && share !== null && (
          <span className="mt-1 h-0.5 w-full overflow-hidden rounded-sm bg-working-ground" aria-hidden="true">
            <span className="block h-full bg-working" style={{ width: `${share}%` }} />
          </span>
        )}
      </button>
      {step.error && !isErrorTold && (
        <p className="mx-2 mb-2 break-words rounded-sm bg-failed-ground px-2 py-1.5 text-failed text-xs">
          {step.error}
        </p>
      )}
    </li>
  );
}
