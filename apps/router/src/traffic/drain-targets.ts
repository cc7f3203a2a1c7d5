import type { DrainResult } from "@windlass/domain";
import type { Claim, LiveTarget } from "./live-target.ts";

/**
 * Resolves when every request that these targets had claimed when it began is over, or at the limit, at which those
 * left are cut off. A target that was switched back to meanwhile is not cut: its requests are live ones.
 */
export function drainTargets(targets: readonly LiveTarget[], timeoutMs: number): Promise<DrainResult> {
  const started = performance.now();
  const open = new Map<Claim, LiveTarget>();
  for (const target of targets) for (const claim of target.claims) open.set(claim, target);
  const total = open.size;
  const { promise, resolve } = Promise.withResolvers<DrainResult>();

  let cutOff = 0;
  let over = false;
  const finish = (): void => {
    over = true;
    clearTimeout(limit);
    for (const target of targets) target.endDrain(drain);
    resolve({
      drained: total - cutOff,
      closed: 0,
      cutOff,
      waitedMs: Math.round((performance.now() - started) * 10) / 10,
    });
  };
  const drain = {
    noteEnded(claim: Claim): void {
      if (open.delete(claim) && open.size === 0 && !over) finish();
    },
  };
  const limit = setTimeout(() => {
    const cut = [...open].filter(([, target]) => !target.isCurrent).map(([claim]) => claim);
    cutOff = cut.length;
    finish();
    for (const claim of cut) claim.cutOff();
  }, timeoutMs);

  if (total === 0) finish();
  else for (const target of targets) target.startDrain(drain);
  return promise;
}
