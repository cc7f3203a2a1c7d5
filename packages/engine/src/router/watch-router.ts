import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const RETRY_AFTER_MS = 200;

/**
 * Yields whenever the router's control socket is reached, at first and after it was lost: then it may be another process
 * with another table. One idle connection stays open for that; the router closes it now and then, which does no harm.
 */
export async function* watchRouter(controlSocket: string, signal: AbortSignal): AsyncGenerator<void, void, undefined> {
  while (!signal.aborted) {
    const socket = net.connect(controlSocket);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const connected = new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("close", () => resolve(false));
    });
    socket.on("error", () => {});
    socket.resume();
    const end = () => socket.destroy();
    signal.addEventListener("abort", end, { once: true });
    try {
      if (await connected) {
        yield;
        await closed;
      }
    } finally {
      signal.removeEventListener("abort", end);
      socket.destroy();
    }
    await sleep(RETRY_AFTER_MS, undefined, { signal }).catch(() => {});
  }
}
