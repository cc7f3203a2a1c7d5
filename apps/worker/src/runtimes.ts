import { existsSync } from "node:fs";
import { chmod, copyFile, rename } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reachableFolder } from "@windlass/db/embedded";
import type { RuntimeKind } from "@windlass/domain";
import {
  canReach,
  createDockerRuntime,
  createProcessRuntime,
  type DiskFolder,
  ensureUnprivilegedAccount,
  findDockerEngine,
  findEngineFolder,
  findNpmCli,
  protectHost,
  type RuntimePorts,
} from "@windlass/engine";
import type { Logger } from "pino";
import type { RuntimeProblem } from "./wiring.ts";

const LOOK_EVERY_MS = 10_000;
/** While it does not answer */
const LOOK_AGAIN_MS = 1000;
const WENT_AWAY =
  "The Docker engine went away. Windlass goes on as soon as it answers again: look at its log, or start it.";

export interface RuntimeSettings {
  dataFolder: string;
  owner: string;
  dockerSocket: string;
  subnetPool: string | undefined;
  /** Certificates that builds trust beside the system's */
  caFile: string | undefined;
  shutdown: AbortSignal;
  log: Logger;
}

export interface Runtimes {
  /** Where deployments write to; without an engine's folder when it is not on this machine */
  diskFolders(): Promise<DiskFolder[]>;
  runtimeOf(kind: RuntimeKind): RuntimePorts | RuntimeProblem;
  /** Whether the Docker engine answers, as last seen, and in words why not */
  docker(): { available: boolean; note: string };
}

/** The adapters this machine has. A Docker engine that comes later, or goes away, is noticed. */
export async function openRuntimes(settings: RuntimeSettings): Promise<Runtimes> {
  const { owner, shutdown, log } = settings;
  const { processes, folder } = await openProcesses(settings);
  let docker: RuntimePorts | RuntimeProblem = { problem: "", wasThere: false };
  let note = "";
  let dockerFolder: Promise<string | null> = Promise.resolve(null);

  const look = async () => {
    const found = await findDockerEngine({ socketPath: settings.dockerSocket });
    if ("problem" in found) {
      const wasThere = "problem" in docker ? docker.wasThere : true;
      note = wasThere ? WENT_AWAY : found.problem;
      docker = { problem: note, wasThere };
      return;
    }
    note = `Docker ${found.version} answers.`;
    if (!("problem" in docker)) return;
    // Not waited for: a busy engine may need long to tell.
    dockerFolder = findEngineFolder(found.engine).catch((error: unknown) => {
      log.warn({ err: error }, "the docker engine does not tell where it keeps its data");
      return null;
    });
    docker = createDockerRuntime({ engine: found.engine, owner, subnetPool: settings.subnetPool });
    log.info({ version: found.version, firewall: await protectHost() }, "docker engine found");
  };
  await look();
  const keepLooking = async () => {
    while (!shutdown.aborted) {
      await sleep("problem" in docker ? LOOK_AGAIN_MS : LOOK_EVERY_MS, undefined, {
        signal: shutdown,
        ref: false,
      }).catch(() => {});
      if (!shutdown.aborted)
        await look().catch((error: unknown) => log.warn({ err: error }, "looking for docker failed"));
    }
  };
  void keepLooking();

  return {
    diskFolders: async () => {
      const ofEngine = await dockerFolder;
      return [
        { path: settings.dataFolder, use: "sources" },
        { path: folder, use: "process" },
        ...(ofEngine === null ? [] : [{ path: ofEngine, use: "docker" } as const]),
      ];
    },
    runtimeOf: (kind) => (kind === "process" ? processes : docker),
    docker: () => ({ available: !("problem" in docker), note }),
  };
}

/**
 * As root, apps run under an account of their own, which may be unable to reach our folders: those and the Node.js that
 * apps run on then lie where it can.
 */
async function openProcesses({
  dataFolder,
  owner,
  caFile,
}: RuntimeSettings): Promise<{ processes: RuntimePorts; folder: string }> {
  const runAs = await ensureUnprivilegedAccount();
  const home = reachableFolder(dataFolder, runAs ?? {});
  const node = (await canReach(process.execPath, runAs)) ? process.execPath : await copyNode(home);
  const folder = path.join(home, "apps");
  const processes = createProcessRuntime({
    folder,
    owner,
    node,
    npmCli: await findNpmCli(node, process.env.PATH ?? "", runAs),
    runAs,
    prlimitPath: existsSync(PRLIMIT) ? PRLIMIT : null,
    caFile,
  });
  return { processes, folder };
}

const PRLIMIT = "/usr/bin/prlimit";

async function copyNode(home: string): Promise<string> {
  const copy = path.join(home, `node-${process.versions.node}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    await copyFile(process.execPath, unfinished);
    await chmod(unfinished, 0o755);
    await rename(unfinished, copy);
  }
  return copy;
}
