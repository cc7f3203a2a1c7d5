import { connect } from "node:net";
import type Dockerode from "dockerode";
import { connectionLost, engineError } from "./errors.ts";

/**
 * Rejects, as after a lost connection, while the engine takes no new ones. One that shuts down answers on those it has
 * to the last, and ends containers meanwhile: what is seen of them then is the engine's end, not theirs.
 */
export async function requireEngine(engine: Dockerode, doing: string): Promise<void> {
  const { socketPath } = engine.modem as { socketPath?: string };
  if (socketPath === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", (error) => {
      const lost = connectionLost("the engine takes no requests any more", error);
      reject(engineError(lost, "runtime_unavailable", doing));
    });
  });
}
