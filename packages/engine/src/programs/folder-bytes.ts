import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** What a folder's files take on the disk, links not followed; what vanishes meanwhile counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  let sum = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await folderBytes(path);
    else sum += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * 512;
  }
  return sum;
}
