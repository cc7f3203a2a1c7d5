import { z } from "zod";

/** How the watch over a new release goes on, or how it ended. */
export const BakeState = z.enum([
  "watching",
  /** Something went wrong: the release before is about to come back */
  "reverting",
  "reverted",
  "passed",
  /** A person said that it stays */
  "kept",
  /** It is no longer live, or what it would go back to is gone */
  "ended",
]);
export type BakeState = z.infer<typeof BakeState>;

/** What the router counted of one release over some seconds. */
export const BakeFigures = z.object({
  seconds: z.int(),
  requests: z.int(),
  /** 5xx of the app, and requests that got no answer */
  errors: z.int(),
  p95Ms: z.number(),
});
export type BakeFigures = z.infer<typeof BakeFigures>;

/** What was seen of a release that is being watched, and since how many looks it has been bad. */
export const BakeSeen = z.object({
  now: BakeFigures.nullable().default(null),
  /** Restarts of its instances before the watch began */
  restartsBefore: z.int().nullable().default(null),
  restarts: z.int().default(0),
  /** Looks in a row */
  badErrors: z.int().default(0),
  badLatency: z.int().default(0),
  badHealth: z.int().default(0),
  badState: z.int().default(0),
  lastProbe: z.string().default(""),
});
export type BakeSeen = z.infer<typeof BakeSeen>;

/** What one look found, beside what the router counted. */
export interface BakeLook {
  now: BakeFigures | null;
  restarts: number;
  isRunning: boolean;
  /** Null when nothing was probed, for instance while the machine itself is in trouble */
  probe: { isHealthy: boolean; seen: string } | null;
}

/** So few say nothing: one unlucky request must not turn a release back. */
const LEAST_REQUESTS = 20;
const LEAST_ERRORS = 10;
const LEAST_FOR_LATENCY = 50;
const LOOKS_IN_A_ROW = 3;
const RESTARTS = 2;

const rate = ({ errors, requests }: BakeFigures): number => (requests === 0 ? 0 : errors / requests);
const percent = (part: number): string => `${Math.round(part * 100)} %`;

/**
 * Judges a look against the release before and the looks that came before. A revert needs evidence that noise does not
 * give: enough requests, a share of errors that is both high in itself (5 %) and three times what it was, a 95th
 * percentile four times as slow and half a second slower, and all that for three looks in a row.
 */
export function judgeBake(
  before: BakeFigures | null,
  earlier: BakeSeen,
  look: BakeLook,
): { seen: BakeSeen; reason: string | null } {
  const { now } = look;
  const usual = before ? rate(before) : 0;
  const hasErrors =
    now !== null &&
    now.requests >= LEAST_REQUESTS &&
    now.errors >= LEAST_ERRORS &&
    rate(now) >= Math.max(0.05, 3 * usual + 0.02);
  const isSlow =
    now !== null &&
    before !== null &&
    now.requests >= LEAST_FOR_LATENCY &&
    before.requests >= LEAST_FOR_LATENCY &&
    now.p95Ms >= Math.max(4 * before.p95Ms, before.p95Ms + 500);
  const count = (isBad: boolean, until: number) => (isBad ? until + 1 : 0);
  const seen: BakeSeen = {
    now,
    restartsBefore: earlier.restartsBefore ?? look.restarts,
    restarts: look.restarts,
    badErrors: count(hasErrors, earlier.badErrors),
    badLatency: count(isSlow, earlier.badLatency),
    badHealth: look.probe === null ? earlier.badHealth : count(!look.probe.isHealthy, earlier.badHealth),
    badState: count(!look.isRunning, earlier.badState),
    lastProbe: look.probe?.seen ?? earlier.lastProbe,
  };
  return { seen, reason: whyRevert(before, seen) };
}

function whyRevert(before: BakeFigures | null, seen: BakeSeen): string | null {
  const again = seen.restarts - (seen.restartsBefore ?? seen.restarts);
  if (again >= RESTARTS) return `The app ended and was started again ${again} times after the switch.`;
  if (seen.badState >= LOOKS_IN_A_ROW) return "The app ended after the switch and did not come back.";
  if (seen.badHealth >= LOOKS_IN_A_ROW) return `The health check failed after the switch: ${seen.lastProbe}.`;
  if (seen.badErrors >= LOOKS_IN_A_ROW && seen.now)
    return `${percent(rate(seen.now))} of ${seen.now.requests} requests failed, against ${percent(before ? rate(before) : 0)} before.`;
  if (seen.badLatency >= LOOKS_IN_A_ROW && seen.now && before)
    return `One request in twenty took ${Math.round(seen.now.p95Ms)} ms or more, against ${Math.round(before.p95Ms)} ms before.`;
  return null;
}
