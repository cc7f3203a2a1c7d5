import type { CleanUpItem, HeldKind } from "@windlass/domain";

/** What Windlass has on a disk, from what matters most to what matters least; the colours stand beside each other in a bar. */
export const HELD: readonly { kind: HeldKind; label: string; color: string }[] = [
  { kind: "live", label: "Live releases", color: "bg-accent" },
  { kind: "kept", label: "Kept for a rollback", color: "bg-accent/70" },
  { kind: "cache", label: "Build caches", color: "bg-accent/45" },
  { kind: "mirror", label: "Repository mirrors", color: "bg-accent/30" },
  { kind: "source", label: "Fetched sources", color: "bg-accent/20" },
  { kind: "leftover", label: "No longer needed", color: "bg-attention" },
];

export const REASONS: Record<CleanUpItem["reason"], string> = {
  past_kept: "Past the releases that are kept",
  killed_build: "Left by a deployment that has ended",
  environment_deleted: "Its environment was deleted",
  unused_mirror: "Nobody used it for long",
  mirrors_past_bound: "Mirrors take more than they may",
  cache_past_bound: "Build caches are past their bound",
  filled_again: "Filled again when it is needed",
};

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
