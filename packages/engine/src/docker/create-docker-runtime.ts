import type Dockerode from "dockerode";
import type { RuntimePorts } from "../ports.ts";
import { DockerBuilder } from "./builder.ts";
import { DockerCommandRunner } from "./command-runner.ts";
import { DockerOutput } from "./docker-output.ts";
import { DockerExaminer } from "./examiner.ts";
import { DockerInventory } from "./inventory.ts";
import { parseSubnet } from "./network.ts";
import { DockerRuntime } from "./runtime.ts";

export interface DockerRuntimeOptions {
  engine: Dockerode;
  /** Which Windlass this is: what others made on the same engine is neither seen nor touched */
  owner: string;
  /** The IPv4 range that the networks of environments, a /26 each, are taken from */
  subnetPool?: string | undefined;
  /** Limit of each command of a build, in MB; none by default */
  buildMemoryMb?: number | undefined;
  /** After which a build is given up; an hour by default */
  buildLimitMs?: number | undefined;
}

/**
 * Runs releases as containers of a Docker engine on this machine. An environment has a network of its own; an instance
 * is reached by its address there, no port is published. All that is made has a name that follows from what it is and
 * labels that say whose it is, so a worker that comes after a crash finds what the engine went on to make.
 */
export function createDockerRuntime({
  engine,
  owner,
  subnetPool = "10.213.0.0/16",
  buildMemoryMb,
  buildLimitMs,
}: DockerRuntimeOptions): RuntimePorts {
  parseSubnet(subnetPool);
  const options = { engine, owner, subnetPool, buildMemoryMb, buildLimitMs };
  const runtime = new DockerRuntime(options);
  return {
    builder: new DockerBuilder(options),
    runtime,
    examiner: new DockerExaminer(options),
    commands: new DockerCommandRunner(options),
    output: new DockerOutput(options),
    inventory: new DockerInventory(options, runtime),
  };
}
