import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Inventory, OwnedThing, Runtime } from "../ports.ts";
import { folderBytes } from "../programs/folder-bytes.ts";
import { removeFolder } from "../programs/remove-folder.ts";
import { findLeader, listInstances } from "./instance-state.ts";
import { type Folders, foldersOf, isPlainId, type ProcessRuntimeOptions } from "./process-options.ts";

const LOOK_EVERY_MS = 1000;
const REMOVAL_GRACE_SECONDS = 10;

/** What an owner has in the process runtime's folder. */
export class ProcessInventory implements Inventory {
  readonly #owner: string;
  readonly #folders: Folders;
  readonly #runtime: Runtime;

  constructor(options: ProcessRuntimeOptions, runtime: Runtime) {
    this.#owner = options.owner;
    this.#folders = foldersOf(options);
    this.#runtime = runtime;
  }

  /** Nobody tells when a process ends that another worker started: their first processes are looked at. */
  async *changes(signal: AbortSignal): AsyncGenerator<string | null, void, undefined> {
    let running = new Map<string, string>();
    yield null;
    while (!signal.aborted) {
      const now = new Map<string, string>();
      for (const record of await listInstances(this.#folders.instances)) {
        if (record.labels.owner === this.#owner && (await findLeader(record)))
          now.set(record.name, record.labels.environmentId);
      }
      for (const [name, environmentId] of running) if (!now.has(name)) yield environmentId;
      running = now;
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async strangers(): Promise<string[]> {
    return [];
  }

  async list({ isMeasured } = { isMeasured: false }): Promise<OwnedThing[]> {
    const instances = await this.#runtime.listOwned();
    const things: OwnedThing[] = instances.map(({ name, labels: { environmentId, releaseId } }) => ({
      kind: "instance",
      name,
      environmentId,
      releaseId,
      bytes: null,
      usedAt: null,
    }));
    const measure = async (path: string) => ({
      bytes: isMeasured ? await folderBytes(path) : null,
      usedAt: (await stat(path).catch(() => undefined))?.mtime ?? null,
    });
    for (const environmentId of await names(this.#folders.releases)) {
      for (const releaseId of await names(join(this.#folders.releases, environmentId))) {
        const name = join(this.#folders.releases, environmentId, releaseId);
        things.push({ kind: "folder", name, environmentId, releaseId, ...(await measure(name)) });
      }
    }
    for (const environmentId of await names(this.#folders.environments)) {
      const name = join(this.#folders.environments, environmentId);
      // npm writes a log there each time it runs.
      const { mtime: usedAt = null } = (await stat(join(name, ".npm/_logs")).catch(() => undefined)) ?? {};
      const measured = await measure(name);
      things.push({
        kind: "cache",
        name,
        environmentId,
        releaseId: null,
        ...measured,
        usedAt: usedAt ?? measured.usedAt,
      });
    }
    return things;
  }

  async remove({ kind, name }: OwnedThing): Promise<void> {
    if (kind === "instance") return this.#runtime.stop(name, REMOVAL_GRACE_SECONDS);
    if (kind !== "folder" && kind !== "cache") return;
    const isOurs = name.startsWith(`${this.#folders.releases}/`) || name.startsWith(`${this.#folders.environments}/`);
    if (isOurs && !name.includes("..")) await removeFolder(name);
  }
}

const names = async (folder: string): Promise<string[]> => (await readdir(folder).catch(() => [])).filter(isPlainId);
