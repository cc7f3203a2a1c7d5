import { type Disks, measureDisks } from "@windlass/engine";
import type { Worker } from "../wiring.ts";

/** The disks as a deployment sees them. */
export function openDisks({ diskFolders, leastFreeBytes }: Worker): Disks {
  return {
    measure: () => measureDisks(diskFolders(), leastFreeBytes),
    makeRoom: async () => {},
    describeHeld: async () => [],
  };
}
