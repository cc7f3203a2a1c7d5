import { createServer, type Socket } from "node:net";
import { waitFor } from "./wait-for.ts";

/** A host that takes connections and never answers. */
export interface HangingServer {
  /** host:port */
  address: string;
  /** Resolves when somebody waits for an answer that was not waiting before. */
  connected(): Promise<void>;
  close(): void;
}

export async function hangingServer(): Promise<HangingServer> {
  const sockets = new Set<Socket>();
  let asked = 0;
  let seen = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", () => asked++);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    async connected() {
      await waitFor("somebody to wait for an answer", () => asked > seen, { everyMs: 5 });
      seen = asked;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
