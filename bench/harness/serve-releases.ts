import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Releases to send load to, in a process of their own: one server for each name in the arguments. Over IPC it sends
 * { type: "listening", ports }. Answers have 1 KiB; /slow takes three seconds.
 */
const SLOW_MS = 3_000;

const ports = process.argv.slice(2).map(async (name) => {
  const body = Buffer.from(`${name}\n`.padEnd(1024, "."));
  const headers = { "Content-Type": "text/plain", "Content-Length": body.length, "X-Release": name };
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    if (req.url === "/slow") setTimeout(() => res.writeHead(200, headers).end(body), SLOW_MS);
    else res.writeHead(200, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
});

process.send?.({ type: "listening", ports: await Promise.all(ports) });
process.on("disconnect", () => process.exit(0));
