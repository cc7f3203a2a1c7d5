import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Target } from "@windlass/domain";

export interface TestRelease extends AsyncDisposable {
  server: Server;
  target: Target;
  /** Requests that arrived, as "METHOD /path" */
  requests: string[];
  /** Resolves once a request with this path has arrived */
  arrived(path: string): Promise<IncomingMessage>;
}

/** A release that answers on a free port of the loopback. */
export async function startRelease(
  id: string,
  answer: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => void res.end(id),
): Promise<TestRelease> {
  const requests: string[] = [];
  const waiting = new Map<string, (req: IncomingMessage) => void>();
  const server = createServer({ keepAliveTimeout: 30_000 }, (req, res) => {
    requests.push(`${req.method} ${req.url}`);
    answer(req, res);
    waiting.get(req.url ?? "")?.(req);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    requests,
    target: { id, addresses: [{ host: "127.0.0.1", port }] },
    arrived: (path) => new Promise((resolve) => waiting.set(path, resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
