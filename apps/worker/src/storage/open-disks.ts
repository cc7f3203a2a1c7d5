import { type CleanUpOutcome, type HeldKind, type StoragePicture, showBytes } from "@windlass/domain";
import { type Disks, measureDisks } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import { cleanUp } from "./clean-up.ts";
import { takePicture } from "./take-picture.ts";

/** The disks as the deployment sees them that holds this lease. */
export function openDisks(worker: Worker, lease: Lease): Disks {
  const { diskFolders, leastFreeBytes } = worker;
  return {
    measure: async () => measureDisks(await diskFolders(), leastFreeBytes),
    makeRoom: async ({ log, signal }) => {
      const { removable } = await takePicture(worker);
      const outcomes = await cleanUp(worker, removable, { own: lease, signal });
      for (const { name, bytes } of outcomes.filter(({ isRemoved }) => isRemoved))
        await log("system", `Removed: ${name}, ${showBytes(bytes)}`);
      await log("system", describeFreed(outcomes));
    },
    describeHeld: async () => describeHeld(await takePicture(worker)),
  };
}

function describeFreed(outcomes: readonly CleanUpOutcome[]): string {
  const removed = outcomes.filter(({ isRemoved }) => isRemoved);
  if (removed.length === 0) return "There was nothing that could be removed";
  return `Freed ${showBytes(removed.reduce((sum, { bytes }) => sum + bytes, 0))}`;
}

const WORDS: Record<HeldKind, string> = {
  live: "Live releases",
  kept: "Releases kept for a rollback",
  cache: "What builds left for the next ones",
  mirror: "Mirrors of repositories",
  source: "Fetched sources",
  leftover: "Leftovers that could not be removed",
};

const describeHeld = ({ held }: StoragePicture): string[] =>
  (Object.keys(WORDS) as HeldKind[]).flatMap((kind) => {
    const bytes = held.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.bytes, 0);
    return bytes > 0 ? [`${WORDS[kind]}: ${showBytes(bytes)}`] : [];
  });
