import type { DeploymentKind } from "@windlass/domain";

/**
 * Which of a release's instances shall run. They follow from what runs now and from how many are wanted, so that a worker
 * that takes a deployment over chooses the same.
 */
export function chooseOrdinals(kind: DeploymentKind, live: readonly number[], count: number): number[] {
  if (kind === "restart") return lowest(count, live);
  if (kind !== "scale") return lowest(count, []);
  const kept = live.toSorted((a, b) => a - b).slice(0, count);
  return [...kept, ...lowest(count - kept.length, live)].sort((a, b) => a - b);
}

/** The lowest `count` ordinals that are not taken. */
function lowest(count: number, taken: readonly number[]): number[] {
  const candidates = Array.from({ length: count + taken.length }, (_, index) => index + 1);
  return candidates.filter((ordinal) => !taken.includes(ordinal)).slice(0, count);
}
