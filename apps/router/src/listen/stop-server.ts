import type { Server } from "node:http";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Takes no more connections, lets requests in flight end and keeps idle connections open for `lingerMs`, because a
 * request may be on its way on one of them: it is answered and told to close. At `limitMs` what is left is cut off.
 */
export async function stopServer(
  server: Server,
  { lingerMs, limitMs, upgraded }: { lingerMs: number; limitMs: number; upgraded?: ReadonlySet<Duplex> },
): Promise<void> {
  if (!server.listening) return;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  // http.Server.close would close idle connections at once; this is the one beneath it.
  NetServer.prototype.close.call(server, () => resolve());
  const linger = setTimeout(() => server.closeIdleConnections(), lingerMs);
  const limit = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of upgraded ?? []) socket.destroy();
  }, limitMs);
  await closed;
  clearTimeout(linger);
  clearTimeout(limit);
}
