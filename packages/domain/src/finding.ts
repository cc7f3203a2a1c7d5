import { z } from "zod";

/** A difference between what should be on the machine and what is, by what it concerns. */
export const FINDING_KINDS = [
  /** An instance that should run does not */
  "instance_down",
  /** It runs, but nothing reaches it: it was taken off its network */
  "instance_unreachable",
  /** It runs elsewhere than was written down */
  "address_moved",
  /** It ends and comes back again and again */
  "crash_loop",
  /** One of a release that is not live is gone, though it was written down as running */
  "instance_gone",
  /** One that nothing accounts for */
  "instance_left",
  /** The router lost the environment, or knows it otherwise */
  "route_lost",
  /** An image or folder that nothing accounts for */
  "artifact_left",
  /** A kept release whose image or folder is gone */
  "artifact_missing",
  /** Someone else's container on the environment's network */
  "stranger",
  /** What it runs on does not answer */
  "runtime_unavailable",
] as const;
export const FindingKind = z.enum(FINDING_KINDS);
export type FindingKind = z.infer<typeof FindingKind>;

/**
 * `repairing`, `needs_you` and `noted` (nobody has to do anything) last; `repaired` by Windlass and `gone` by itself, or
 * by someone else, are ends.
 */
export const FindingState = z.enum(["repairing", "needs_you", "noted", "repaired", "gone"]);
export type FindingState = z.infer<typeof FindingState>;

/** Failed repairs until it is left to a person. It is still tried again from time to time. */
export const MOST_TRIES = 5;

/** The pause after so many repairs that failed or did not last: none after the first, 1 s, 2 s … up to five minutes. */
export const pauseBeforeTryMs = (tries: number): number =>
  tries < 2 ? 0 : Math.min(300_000, 250 * 2 ** Math.min(tries, 20));
