import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { createDockerRuntime, findDockerEngine } from "@windlass/engine";

const SOCKET = process.env.WINDLASS_DOCKER_SOCKET ?? "/var/run/docker.sock";

/** The engine behind the usual socket, or a sentence why there is none. */
export const dockerEngine = () => findDockerEngine({ socketPath: SOCKET });

/** The name that the worker of this data folder marks its things with; none before its first start. */
export function ownerOf(dataFolder: string): string | undefined {
  const keyFile = path.join(dataFolder, "secret.key");
  if (!existsSync(keyFile)) return undefined;
  const key = Buffer.from(readFileSync(keyFile, "utf8").trim(), "hex");
  return createHmac("sha256", key).update("windlass owner").digest("hex").slice(0, 12);
}

/** Containers, images and networks of the Windlass of this data folder; nobody else's. */
export async function removeDockerThings(dataFolder: string): Promise<void> {
  const found = await dockerEngine();
  const owner = ownerOf(dataFolder);
  if ("problem" in found || owner === undefined) return;
  const { engine } = found;
  const { runtime, builder } = createDockerRuntime({ engine, owner });
  for (const { name } of await runtime.listOwned()) await runtime.stop(name, 0);
  const networks = await engine.listNetworks({ filters: { label: [`io.windlass.owner=${owner}`] } });
  for (const { Labels } of networks) {
    const environmentId = Labels?.["io.windlass.environment"] ?? "";
    for (const { artifact } of await builder.listOwned(environmentId)) await builder.remove(artifact);
    await runtime.removeEnvironment(environmentId);
  }
}
