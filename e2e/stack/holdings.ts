import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { RuntimeKind } from "@windlass/domain";
import { createDockerRuntime, findDockerEngine } from "@windlass/engine";

// What a Windlass holds, as seen from outside: asked of the Docker engine, of /proc and of the disk, by the mark of its
// owner, not of the database.

export interface Holdings {
  runtime: RuntimeKind;
  owner: string;
  dataFolder: string;
  dockerSocket: string;
}

export interface Held {
  /** Names of containers, or of process instances with at least one process */
  instances: string[];
  /** Ids of the releases that there is an image or a folder of */
  releases: string[];
  /** Environments that have a network; none under the process runtime */
  networks: string[];
  /** What should not be: fetched sources, and containers, folders or processes that belong to no live instance */
  strays: string[];
}

const OWNER = "io.windlass.owner";
const ENVIRONMENT = "io.windlass.environment";
/** What the networks that builds run in are for; they are kept */
const BUILD = "build ";

export async function readHeld(holdings: Holdings, environmentId: string): Promise<Held> {
  const held = await (holdings.runtime === "docker" ? readDocker : readProcesses)(holdings, environmentId);
  const sources = (await entries(path.join(holdings.dataFolder, "work"))).map((name) => `source ${name}`);
  return { ...held, strays: [...held.strays, ...sources] };
}

async function readDocker({ owner, dockerSocket }: Holdings, environmentId: string): Promise<Held> {
  const engine = await openEngine(dockerSocket);
  const containers = await engine.listContainers({ all: true, filters: { label: [`${OWNER}=${owner}`] } });
  const networks = await engine.listNetworks({ filters: { label: [`${OWNER}=${owner}`] } });
  const images = await createDockerRuntime({ engine, owner }).builder.listOwned(environmentId);
  const build = networks.filter(({ Labels }) => Labels?.[ENVIRONMENT]?.startsWith(BUILD));
  const filters = { network: build.map(({ Name }) => Name) };
  const building = build.length > 0 ? await engine.listContainers({ all: true, filters }) : [];
  const isOfEnvironment = (labels: Record<string, string> | undefined) => labels?.[ENVIRONMENT] === environmentId;
  return {
    instances: containers
      .filter(({ Labels, State }) => isOfEnvironment(Labels) && State === "running")
      .map(({ Names }) => (Names[0] ?? "").replace(/^\//, ""))
      .sort(),
    releases: images.map(({ releaseId }) => releaseId).sort(),
    networks: networks.filter(({ Labels }) => isOfEnvironment(Labels)).map(({ Labels }) => Labels?.[ENVIRONMENT] ?? ""),
    strays: [
      ...containers
        .filter(({ Labels, State }) => isOfEnvironment(Labels) && State !== "running")
        .map(({ Names, State }) => `${State} container ${Names[0]}`),
      ...building.map(({ Names }) => `container of a build ${Names[0]}`),
    ],
  };
}

async function readProcesses({ owner, dataFolder }: Holdings, environmentId: string): Promise<Held> {
  const apps = path.join(dataFolder, "apps");
  const marks = new Set<string>();
  for (const { environment } of await processes()) {
    const mark = environment.find((entry) => entry.startsWith(`WINDLASS_FAMILY=${owner}:`));
    if (mark) marks.add(mark.slice(`WINDLASS_FAMILY=${owner}:`.length));
  }
  const instances: string[] = [];
  const strays = new Set(marks);
  for (const name of await entries(path.join(apps, "commands"))) strays.add(`command ${name}`);
  for (const name of await entries(path.join(apps, "instances"))) {
    const state = await readFile(path.join(apps, "instances", name, "state.json"), "utf8").catch(() => undefined);
    if (state === undefined) strays.add(`folder of ${name}, half removed`);
    else if (!marks.has(name)) strays.add(`folder of ${name}, which does not run`);
    else if (state.includes(environmentId)) instances.push(name);
    if (state !== undefined && marks.has(name)) strays.delete(name);
  }
  return {
    instances: instances.sort(),
    releases: (await entries(path.join(apps, "releases", environmentId))).sort(),
    networks: [],
    strays: [...strays],
  };
}

/** Every process of this machine with its arguments and what it was given as its environment. */
export async function processes(): Promise<{ pid: number; argv: string; environment: string[] }[]> {
  const pids = (await entries("/proc")).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "");
  return Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      argv: (await read(pid, "cmdline")).replaceAll("\0", " "),
      environment: (await read(pid, "environ")).split("\0"),
    })),
  );
}

/** Everything that an owner has, gone. */
export async function removeOwned(holdings: Holdings): Promise<void> {
  const { owner } = holdings;
  for (const { pid, environment } of await processes()) {
    if (environment.some((entry) => entry.startsWith(`WINDLASS_FAMILY=${owner}:`))) process.kill(pid, "SIGKILL");
  }
  if (holdings.runtime !== "docker") return;
  const engine = await openEngine(holdings.dockerSocket);
  const filters = { label: [`${OWNER}=${owner}`] };
  const containers = await engine.listContainers({ all: true, filters });
  const networks = await engine.listNetworks({ filters });
  for (const { Id } of containers) await engine.getContainer(Id).remove({ force: true, v: true });
  const { builder } = createDockerRuntime({ engine, owner });
  for (const { Id, Labels } of networks) {
    for (const { artifact } of await builder.listOwned(Labels?.[ENVIRONMENT] ?? "")) await builder.remove(artifact);
    await engine.getNetwork(Id).remove();
  }
}

export async function openEngine(socketPath: string) {
  const found = await findDockerEngine({ socketPath });
  if ("problem" in found) throw new Error(found.problem);
  return found.engine;
}

const entries = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Every file below a folder, by absolute path. */
export async function listFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
