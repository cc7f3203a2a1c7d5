import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../ports.ts";
import { folderBytes } from "../programs/folder-bytes.ts";
import { withLock } from "./with-lock.ts";

/** What is kept of repositories to fetch less the next time; one that is needed again is fetched again. */
export function createGitMirrors(cacheFolder: string): Store {
  return {
    async list({ isMeasured } = { isMeasured: false }) {
      const names = (await readdir(cacheFolder).catch(() => [])).filter((name) => name.endsWith(".git"));
      const found = names.map(async (name) => {
        const path = join(cacheFolder, name);
        const { mtime = null } = (await stat(path).catch(() => undefined)) ?? {};
        const bytes = isMeasured ? await folderBytes(path) : null;
        return { kind: "mirror" as const, name: path, environmentId: null, releaseId: null, bytes, usedAt: mtime };
      });
      return Promise.all(found);
    },

    async remove({ name, usedAt }) {
      if (!name.startsWith(`${cacheFolder}/`) || !name.endsWith(".git") || name.includes("..")) return;
      await withLock(`${name}.lock`, new AbortController().signal, async () => {
        const found = await stat(name).catch(() => undefined);
        // Who uses it touches it: somebody did meanwhile.
        if (usedAt && found && found.mtimeMs > usedAt.getTime()) return;
        await rm(name, { recursive: true, force: true });
      });
    },
  };
}
