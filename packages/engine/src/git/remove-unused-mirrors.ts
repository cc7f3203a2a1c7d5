import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "./with-lock.ts";

const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** A mirror that nobody used for a month is fetched again when it is needed. */
export async function removeUnusedMirrors(cacheFolder: string, unusedMs = UNUSED_MS): Promise<void> {
  const isUnused = async (mirror: string) => {
    const found = await stat(mirror).catch(() => undefined);
    return found !== undefined && Date.now() - found.mtimeMs > unusedMs;
  };
  for (const name of await readdir(cacheFolder).catch(() => [])) {
    const mirror = join(cacheFolder, name);
    if (!name.endsWith(".git") || !(await isUnused(mirror))) continue;
    await withLock(`${mirror}.lock`, new AbortController().signal, async () => {
      if (await isUnused(mirror)) await rm(mirror, { recursive: true, force: true });
    });
  }
}
