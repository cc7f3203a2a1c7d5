import { z } from "zod";

// What Windlass has on a machine's disks, and what of it may go.

/** What is written to a disk: fetched sources with their mirrors, and what a runtime's releases are made of. */
export const DiskUse = z.enum(["sources", "docker", "process"]);
export type DiskUse = z.infer<typeof DiskUse>;

/** A disk that deployments write to. */
export const DiskSpace = z.object({
  /** A folder on it, as people know it */
  path: z.string(),
  uses: z.array(DiskUse),
  totalBytes: z.number(),
  /** What an ordinary account may still take */
  freeBytes: z.number(),
  /** A deployment does not begin to write when less than this would be left; 0: it always does */
  leastFreeBytes: z.number(),
});
export type DiskSpace = z.infer<typeof DiskSpace>;

/** What Windlass has there, by what it is for. */
export const HeldKind = z.enum(["live", "kept", "cache", "mirror", "source", "leftover"]);
export type HeldKind = z.infer<typeof HeldKind>;

export const Held = z.object({ kind: HeldKind, use: DiskUse, count: z.int(), bytes: z.number() });
export type Held = z.infer<typeof Held>;

/** Why something may go. */
export const CleanUpReason = z.enum([
  /** A release past the count or the days for which its environment keeps them */
  "past_kept",
  /** What a deployment left that did not come to its end in order */
  "killed_build",
  "environment_deleted",
  /** A mirror that nobody used for long */
  "unused_mirror",
  "mirrors_past_bound",
  "cache_past_bound",
  /** It is filled again when it is needed: goes when somebody wants that, or when the disk is short */
  "filled_again",
]);
export type CleanUpReason = z.infer<typeof CleanUpReason>;

export const CleanUpItem = z.object({
  /** Names it, on its server */
  key: z.string(),
  kind: z.enum(["image", "folder", "cache", "layer", "mirror", "source"]),
  /** For people: a release, an environment, a repository, a path */
  name: z.string(),
  reason: CleanUpReason,
  bytes: z.number(),
});
export type CleanUpItem = z.infer<typeof CleanUpItem>;

/** What a server has on its disks, as its worker saw it. */
export const StoragePicture = z.object({
  disks: z.array(DiskSpace),
  held: z.array(Held),
  /** The dry run */
  removable: z.array(CleanUpItem),
});
export type StoragePicture = z.infer<typeof StoragePicture>;

/** What became of a thing that a clean-up was to remove; `kept` says why it stays. */
export const CleanUpOutcome = CleanUpItem.extend({ isRemoved: z.boolean(), kept: z.string().nullable() });
export type CleanUpOutcome = z.infer<typeof CleanUpOutcome>;
