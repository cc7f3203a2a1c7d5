import { stat } from "node:fs/promises";
import Dockerode from "dockerode";
import { engineInfo } from "./engine-info.ts";
import { engineMessage } from "./errors.ts";

export interface FoundEngine {
  engine: Dockerode;
  /** As the engine tells it, such as 20.10.24 */
  version: string;
}

const ANSWER_LIMIT_MS = 5000;

/** The Docker engine behind a socket, or a sentence why it cannot be used and what to do. */
export async function findDockerEngine({
  socketPath,
}: {
  socketPath: string;
}): Promise<FoundEngine | { problem: string }> {
  try {
    const entry = await stat(socketPath);
    if (!entry.isSocket())
      return { problem: `${socketPath} is not a socket. Point Windlass at the Docker engine's socket.` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") return { problem: denied(socketPath) };
    return { problem: `There is no Docker engine at ${socketPath}. Install Docker and start it.` };
  }
  try {
    const { Version: version } = await new Dockerode({ socketPath, timeout: ANSWER_LIMIT_MS }).version();
    return { engine: new Dockerode({ socketPath }), version };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") return { problem: denied(socketPath) };
    if (code === "ECONNREFUSED") {
      return { problem: `Nothing listens on ${socketPath}: the Docker engine was stopped. Start it again.` };
    }
    return {
      problem: `The Docker engine at ${socketPath} does not answer (${engineMessage(error)}). Look at its log or start it again.`,
    };
  }
}

/** Where an engine keeps its images; null when that is not on this machine, as with an engine in a virtual one. */
export async function findEngineFolder(engine: Dockerode): Promise<string | null> {
  const { DockerRootDir: folder } = await engineInfo(engine);
  return (await stat(folder).catch(() => undefined))?.isDirectory() ? folder : null;
}

const denied = (socketPath: string): string =>
  `Windlass may not use ${socketPath}. Add its user to the group "docker" and start Windlass again.`;
