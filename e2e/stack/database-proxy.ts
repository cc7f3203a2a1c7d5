import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./fault-cases.ts";

/** A way to the database that a test can lose: connections are reset, or nothing is heard from them any more. */
export interface DatabaseProxy {
  /** The database's address by this way */
  url: string;
  /** Ends every connection at once, and refuses new ones, until `heal`. */
  reset(): void;
  /** Nothing passes any more, and nobody is told, until `heal`: as with a cable that was pulled. */
  silence(): void;
  /** What was open before is gone; new connections pass. */
  heal(): void;
  close(): Promise<void>;
}

export type Loss = "reset" | "silence";

/** A silence is longer than the lease: the worker must notice by its own clock. */
export const loseDatabase = (proxy: DatabaseProxy, loss: Loss, leaseMs: number): Fault => ({
  strike: async () => proxy[loss](),
  async mend() {
    await sleep(loss === "reset" ? 300 : leaseMs * 1.5);
    proxy.heal();
  },
  countsFrom: "return",
});

export async function createDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const open = new Set<net.Socket>();
  let state: "healthy" | "reset" | "silent" = "healthy";
  const endAll = () => {
    for (const socket of open) socket.resetAndDestroy();
    open.clear();
  };
  const server = net.createServer((near) => {
    if (state === "reset") return void near.resetAndDestroy();
    near.on("error", () => {});
    open.add(near);
    if (state === "silent") return void near.pause();
    const far = net.connect(Number(target.port || 5432), target.hostname);
    far.on("error", () => near.destroy());
    open.add(far);
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("close", () => {
        open.delete(one);
        // A connection that nobody hears of is not ended on the other side either.
        if (state !== "silent") other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    reset() {
      state = "reset";
      endAll();
    },
    silence() {
      state = "silent";
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    heal() {
      state = "healthy";
      endAll();
    },
    async close() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
