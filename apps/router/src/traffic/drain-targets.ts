import type { DrainResult } from "@windlass/domain";
import type { Claim, LiveTarget } from "./live-target.ts";

/**
 * Resolves when everything that these targets had claimed when it began is over. Requests have `timeoutMs`, then they are
 * cut off; streams, which would never end, have `streamGraceMs`, then they are asked to leave. Neither happens to a
 * target that was switched back to meanwhile: its requests are live ones.
 */
export function drainTargets(
  targets: readonly LiveTarget[],
  { timeoutMs, streamGraceMs = timeoutMs }: { timeoutMs: number; streamGraceMs?: number | undefined },
): Promise<DrainResult> {
  const started = performance.now();
  const open = new Map<Claim, LiveTarget>();
  for (const target of targets) for (const claim of target.claims) open.set(claim, target);
  const sentAway = new Set<Claim>();
  const result = { drained: 0, closed: 0, cutOff: 0, waitedMs: 0 };
  const { promise, resolve } = Promise.withResolvers<DrainResult>();
  let isGraceOver = false;
  let isTimeOver = false;

  const finish = (): void => {
    clearTimeout(grace);
    clearTimeout(limit);
    for (const target of targets) target.endDrain(drain);
    // What went on because its target is live again has not failed.
    result.drained += open.size;
    resolve({ ...result, waitedMs: Math.round((performance.now() - started) * 10) / 10 });
  };
  const isDone = (): boolean =>
    [...open].every(([claim, target]) => target.isCurrent && (claim.isStream ? isGraceOver : isTimeOver));
  const finishWhenDone = (): void => {
    if (open.size === 0 || ((isGraceOver || isTimeOver) && isDone())) finish();
  };
  const drain = {
    noteEnded(claim: Claim): void {
      if (!open.delete(claim)) return;
      if (claim.isBroken) result.cutOff++;
      else if (sentAway.has(claim)) result.closed++;
      else result.drained++;
      finishWhenDone();
    },
    noteStream(claim: Claim): void {
      if (isGraceOver && open.has(claim)) sendAway(claim);
    },
  };
  const sendAway = (claim: Claim): void => {
    if (open.get(claim)?.isCurrent) return;
    sentAway.add(claim);
    claim.sendAway();
  };
  const grace = setTimeout(() => {
    isGraceOver = true;
    for (const [claim] of [...open]) if (claim.isStream) sendAway(claim);
    finishWhenDone();
  }, streamGraceMs);
  const limit = setTimeout(() => {
    isTimeOver = true;
    for (const [claim, target] of [...open]) if (!claim.isStream && !target.isCurrent) claim.cutOff();
    finishWhenDone();
  }, timeoutMs);

  if (open.size === 0) finish();
  else for (const target of targets) target.startDrain(drain);
  return promise;
}
