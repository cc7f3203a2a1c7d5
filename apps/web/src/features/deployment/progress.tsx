"use client";

import type { DeploymentDetail } from "@windlass/api";
import { cn } from "@/components/ui/cn";
import { formatRunning } from "@/features/time/duration";
import { useNow } from "@/features/time/use-now";
import { remainingOf } from "./remaining";

/** "about 12 s left", by what earlier deployments took; says when it is not known, and when it takes longer. */
export function RemainingTime({ deployment }: { deployment: DeploymentDetail }) {
  const now = useNow();
  const remaining = remainingOf(deployment, now);
  const { estimatedFrom } = deployment;
  const source = estimatedFrom > 0 ? `From the last ${estimatedFrom} of its kind in this environment` : "";
  return (
    <span className="tabular-nums" title={source}>
      {!remaining
        ? "time left not known yet"
        : remaining.isLate
          ? "takes longer than usual"
          : `about ${formatRunning(Math.max(1000, remaining.leftMs))} left`}
    </span>
  );
}

/** How far the whole is, while it runs and its usual duration is known. */
export function OverallProgress({ deployment }: { deployment: DeploymentDetail }) {
  const isRunning = deployment.status === "running";
  const now = useNow(isRunning);
  const remaining = isRunning ? remainingOf(deployment, now) : null;
  if (!remaining) return null;
  const percent = Math.round(remaining.share * 100);
  return (
    <div
      role="progressbar"
      aria-label="Progress, by earlier deployments"
      aria-valuenow={percent}
      className="h-1 overflow-hidden rounded-sm bg-working-ground"
    >
      <div
        className={cn("h-full rounded-sm", remaining.isLate ? "bg-attention" : "bg-working")}
        style={{ width: `${percent}%` }}
      />
    </div>
  );
}
