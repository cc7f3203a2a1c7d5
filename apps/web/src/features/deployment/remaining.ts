import type { DeploymentDetail } from "@windlass/api";

export interface Remaining {
  /** 0–1, never 1 while it runs */
  share: number;
  /** Milliseconds left, as far as is known; 0 once the step that runs takes longer than usual */
  leftMs: number;
  /** The step that runs takes longer than it did in earlier deployments */
  isLate: boolean;
}

type Estimated = Pick<DeploymentDetail, "estimateMs" | "steps" | "stepsToCome">;

/**
 * How far a running deployment is: what is left of the step that runs and of those to come, by their usual durations. A step
 * that is late takes nothing from the others. Null while a step is not known: no guess is better than a wrong one.
 */
export function remainingOf({ steps, stepsToCome, estimateMs }: Estimated, now: number): Remaining | null {
  if (estimateMs === null || estimateMs === 0) return null;
  let leftMs = 0;
  let isLate = false;
  for (const step of stepsToCome) leftMs += step.estimateMs ?? 0;
  for (const step of steps) {
    if (step.status !== "running") continue;
    if (step.name.startsWith("undo: ")) return null;
    const tookMs = now - step.startedAt.getTime();
    leftMs += Math.max(0, (step.estimateMs ?? 0) - tookMs);
    isLate ||= tookMs > (step.estimateMs ?? 0) * LATE_FACTOR + LATE_MS;
  }
  return { share: Math.min(0.99, Math.max(0, 1 - leftMs / estimateMs)), leftMs, isLate };
}

const LATE_FACTOR = 1.2;
const LATE_MS = 1000;
