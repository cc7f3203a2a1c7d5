import { mkdir, readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Store, Workspace } from "../ports.ts";
import { folderBytes } from "../programs/folder-bytes.ts";
import { removeFolder } from "../programs/remove-folder.ts";

/** A folder for each deployment's source below `folder`, which is private to Windlass. */
export function createWorkspace(folder: string): Workspace & { store: Store } {
  const place = (deploymentId: string) => path.join(folder, deploymentId);
  const list = () => readdir(folder).catch(() => []);
  const remove = (deploymentId: string) => removeFolder(place(deploymentId));
  return {
    async create(deploymentId) {
      await mkdir(place(deploymentId), { recursive: true, mode: 0o700 });
      return place(deploymentId);
    },
    remove,
    list,
    store: {
      list: async ({ isMeasured } = { isMeasured: false }) => {
        const found = (await list()).map(async (releaseId) => {
          const name = place(releaseId);
          const bytes = isMeasured ? await folderBytes(name) : null;
          const { mtime: usedAt = null } = (await stat(name).catch(() => undefined)) ?? {};
          return { kind: "source" as const, name, environmentId: null, releaseId, bytes, usedAt };
        });
        return Promise.all(found);
      },
      remove: async ({ kind, releaseId }) => {
        if (kind === "source" && releaseId && !releaseId.includes("/")) await remove(releaseId);
      },
    },
  };
}
