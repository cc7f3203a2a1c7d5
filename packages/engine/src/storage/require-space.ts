import { type DiskSpace, type DiskUse, diskFull, showBytes } from "@windlass/domain";
import type { Disks, EffectContext } from "../ports.ts";

/** What is about to be written by what it is for; about as much, as far as it is known. */
export type SpaceNeed = Partial<Record<DiskUse, number>>;

/** A disk that has not enough for what is about to be written. */
interface Short {
  disk: DiskSpace;
  needBytes: number;
}

/**
 * Resolves when every disk has room for what is about to be written, beside what shall stay free: at once, or once there
 * was made room. Rejects with disk_full and what holds the space.
 */
export async function requireSpace(disks: Disks, need: SpaceNeed, context: EffectContext): Promise<void> {
  const before = await findShort(disks, need);
  if (before.length === 0) return;
  for (const one of before) await context.log("system", describe(one));
  await context.log("system", "Too little: removing what nobody needs any more");
  await disks.makeRoom(context);
  context.signal.throwIfAborted();
  const [short] = await findShort(disks, need);
  if (!short) return void (await context.log("system", "There is room again"));
  const { disk, needBytes } = short;
  const missing = disk.leastFreeBytes + needBytes - disk.freeBytes;
  throw diskFull(`The disk of ${disk.path} has too little space left for a deployment, so this one did not go on.`, {
    remedy: `Free at least ${showBytes(missing)} on it, or give it more space, and deploy again.`,
    evidence: [describe(short), ...(await disks.describeHeld())],
  });
}

async function findShort(disks: Disks, need: SpaceNeed): Promise<Short[]> {
  const measured = await disks.measure();
  return measured.flatMap((disk) => {
    const needs = disk.uses.flatMap((use) => need[use] ?? []);
    const needBytes = needs.reduce((sum, bytes) => sum + bytes, 0);
    const isShort = disk.leastFreeBytes > 0 && disk.freeBytes < disk.leastFreeBytes + needBytes;
    return needs.length > 0 && isShort ? [{ disk, needBytes }] : [];
  });
}

function describe({ disk, needBytes }: Short): string {
  const { path, freeBytes, totalBytes, leastFreeBytes } = disk;
  const need = needBytes > 0 ? `, and this deployment needs about ${showBytes(needBytes)}` : "";
  return `${path}: ${showBytes(freeBytes)} of ${showBytes(totalBytes)} are free, ${showBytes(leastFreeBytes)} shall stay free${need}`;
}
