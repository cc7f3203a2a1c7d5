import { z } from "zod";

/** How many deployments may wait; a request beyond is refused and may be made again later. */
export const QUEUE_LIMITS = {
  /** Of one environment: newer requests take the place of older ones, so this many were asked for one by one */
  environment: 20,
  team: 100,
  /** Of the whole instance */
  total: 1000,
} as const;

/** Why a deployment waits. */
export const WaitingReason = z.enum([
  /** Another deployment of its environment is at work, or ahead of it */
  "environment",
  /** No worker is connected */
  "no_worker",
  /** Every place of every worker is taken */
  "places",
  /** The team has its share of the places; the free ones are kept for other teams */
  "team_share",
  /** A worker is about to take it */
  "starting",
  /** It is at work, and waits for one of its server's build places */
  "build_places",
]);
export type WaitingReason = z.infer<typeof WaitingReason>;

/** Where a deployment stands in the line, and why it does not go on. */
export const Waiting = z.object({
  reason: WaitingReason,
  /** From 1: in the line for its environment, for the workers, or for the build places, as the reason says */
  position: z.int(),
  /** One sentence, without the link */
  text: z.string(),
  /** What it waits for, when that is one deployment */
  behind: z.object({ deploymentId: z.string(), number: z.int() }).nullable(),
});
export type Waiting = z.infer<typeof Waiting>;

/** One that waits for a worker, as far as the order of the line depends on it. */
export interface InLine {
  id: string;
  teamId: string;
  isRollback: boolean;
  queuedAt: Date;
}

/**
 * The order in which workers would take these, were nothing else to come or end: rollbacks first, then the team with the
 * fewest at work, then the oldest. The same rule as the worker's `takeNext`, carried on over the whole line.
 */
export function orderLine<T extends InLine>(line: readonly T[], atWork: ReadonlyMap<string, number>): T[] {
  const ordered: T[] = [];
  const counts = new Map(atWork);
  const count = ({ teamId }: T) => counts.get(teamId) ?? 0;
  const waiting = [...line];
  while (waiting.length > 0) {
    const next = waiting.reduce((best, one) => (isBefore(one, best, count) ? one : best));
    waiting.splice(waiting.indexOf(next), 1);
    counts.set(next.teamId, count(next) + 1);
    ordered.push(next);
  }
  return ordered;
}

function isBefore<T extends InLine>(a: T, b: T, count: (one: T) => number): boolean {
  if (a.isRollback !== b.isRollback) return a.isRollback;
  if (count(a) !== count(b)) return count(a) < count(b);
  const older = a.queuedAt.getTime() - b.queuedAt.getTime();
  return older === 0 ? a.id < b.id : older < 0;
}

/** 1st, 2nd, 3rd, 4th, … */
export function ordinal(n: number): string {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${["th", "st", "nd", "rd"][n % 10] ?? "th"}`;
}
