import { closeSync, fdatasync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { ServiceRecord } from "./draft-table.ts";
import { encodeTable } from "./encode-table.ts";

const sync = promisify(fdatasync);

/** The table as it was before the last save. */
export const previousPath = (path: string): string => `${path}.previous`;

/** Where the next table is written; of this process alone, because a router may be taking over from another. */
const besidePath = (path: string): string => `${path}.new.${process.pid}`;

/**
 * Makes the table durable: written beside, synced, renamed over the old one, and the folder synced, so that at every
 * moment the path holds a whole table. What it held before stays as `.previous`. Rejects with the system's error and
 * leaves the old table in place when the disk refuses.
 *
 * Only the two syncs wait for a disk and run beside the event loop. The other calls take microseconds, while each
 * round through a busy event loop takes milliseconds: with all of them asynchronous a switch under load took ten times as long.
 */
export async function saveTable(path: string, records: ReadonlyMap<string, ServiceRecord>): Promise<void> {
  const beside = besidePath(path);
  const file = openSync(beside, "w", 0o600);
  try {
    writeWhole(file, Buffer.from(encodeTable(records)));
    await sync(file);
  } finally {
    closeSync(file);
  }
  rmSync(previousPath(path), { force: true });
  linkIfThere(path, previousPath(path));
  renameSync(beside, path);
  const folder = openSync(dirname(path), "r");
  try {
    await sync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Throws the system's error when a table could not be written here. */
export function checkWritable(path: string): void {
  closeSync(openSync(besidePath(path), "w", 0o600));
  rmSync(besidePath(path));
}

function writeWhole(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

function linkIfThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
}
