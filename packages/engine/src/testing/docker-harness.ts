import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildConfig } from "@windlass/domain";
import type Dockerode from "dockerode";
import { createDockerRuntime } from "../docker/create-docker-runtime.ts";
import { imagePrefix } from "../docker/names.ts";
import type { RuntimeHarness } from "./runtime-contract.ts";
import { TEST_LABEL } from "./tiny-app.ts";

/** The contract's harness on a real engine; `close` removes every container, network and image of its owners. */
export function makeDockerHarness(engine: Dockerode): RuntimeHarness {
  const owners = new Set<string>();
  const folders: string[] = [];
  return {
    portsFor: (owner) => {
      owners.add(owner);
      return createDockerRuntime({ engine, owner });
    },
    createFolder: async () => {
      const folder = await mkdtemp(join(tmpdir(), `windlass-docker-${randomUUID().slice(0, 8)}-`));
      folders.push(folder);
      return folder;
    },
    build: BuildConfig.parse({ kind: "dockerfile" }),
    close: async () => {
      for (const owner of owners) await removeOwned(engine, owner);
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    },
  };
}

/** Everything that an owner has on the engine, and the layers that tests' builds left behind. */
export async function removeOwned(engine: Dockerode, owner: string): Promise<void> {
  const filters = { label: [`io.windlass.owner=${owner}`] };
  for (const { Id } of await engine.listContainers({ all: true, filters })) {
    await engine.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove();
  const images = await engine.listImages({ filters: { reference: [`${imagePrefix(owner)}*`] } });
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? [])) {
    if (tag.startsWith(imagePrefix(owner))) await engine.getImage(tag).remove();
  }
  await engine.pruneImages({ filters: { dangling: ["true"], label: [TEST_LABEL] } });
}
