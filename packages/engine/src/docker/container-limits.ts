import type { EnvironmentConfig } from "@windlass/domain";
import type Dockerode from "dockerode";
import { engineInfo } from "./engine-info.ts";

/** How a release's containers are confined, whatever runs in them. */
export async function containerLimits(
  engine: Dockerode,
  { resources }: EnvironmentConfig,
): Promise<Dockerode.HostConfig> {
  const { NCPU: cpus } = await engineInfo(engine);
  const memory = resources.memoryMb * 1024 * 1024;
  return {
    Init: true,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    Memory: memory,
    // The same as memory: no swap.
    MemorySwap: memory,
    // The engine refuses more than the machine has.
    NanoCpus: Math.round(Math.min(resources.cpus, cpus) * 1e9),
    PidsLimit: resources.processes,
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
  };
}
