import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type DiskSpace, type DiskUse, usualLeastFree } from "@windlass/domain";

/** A folder that deployments write into. */
export interface DiskFolder {
  path: string;
  use: DiskUse;
}

/**
 * The space on the disks that folders lie on, each disk once. `leastFreeBytes` holds for each of them; null: what is
 * usual for its size.
 */
export async function measureDisks(
  folders: readonly DiskFolder[],
  leastFreeBytes: number | null,
): Promise<DiskSpace[]> {
  const disks = new Map<number, DiskSpace>();
  for (const { path, use } of folders) {
    const there = await nearest(path);
    const { dev } = await stat(there);
    const known = disks.get(dev);
    if (known) {
      known.uses.push(use);
      continue;
    }
    const { bsize, blocks, bavail } = await statfs(there);
    const totalBytes = blocks * bsize;
    disks.set(dev, {
      path,
      uses: [use],
      totalBytes,
      freeBytes: bavail * bsize,
      leastFreeBytes: leastFreeBytes ?? usualLeastFree(totalBytes),
    });
  }
  return [...disks.values()];
}

/** The folder itself, or the one that it will be made in. */
async function nearest(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found || path === dirname(path) ? path : nearest(dirname(path));
}
