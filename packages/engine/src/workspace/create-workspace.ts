import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Workspace } from "../ports.ts";

/** A folder for each deployment's source below `folder`, which is private to Windlass. */
export function createWorkspace(folder: string): Workspace {
  const place = (deploymentId: string) => path.join(folder, deploymentId);
  return {
    async create(deploymentId) {
      await mkdir(place(deploymentId), { recursive: true, mode: 0o700 });
      return place(deploymentId);
    },
    remove: (deploymentId) => rm(place(deploymentId), { recursive: true, force: true }),
    list: () => readdir(folder).catch(() => []),
  };
}
