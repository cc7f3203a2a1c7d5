import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/**
 * Releases to send load to, in a process of their own: one server for each name in the arguments. Over IPC it sends
 * { type: "listening", ports }, and takes { type: "start", name }, answered with { type: "started", port }, and
 * { type: "stop", port }, after which whatever that release still had is lost. Answers have 1 KiB; /slow takes three
 * seconds, or SLOW_MS of the environment; /upload answers with the checksum of what it got; /events counts up for ever; a
 * WebSocket echoes.
 */
const SLOW_MS = Number(process.env.SLOW_MS ?? 3_000);
const EVENT_EVERY_MS = 10;

async function answerUpload(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of req) hash.update(chunk as Buffer);
  res.end(hash.digest("hex"));
}

function sendEvents(res: ServerResponse): void {
  let count = 0;
  res.writeHead(200, { "Content-Type": "text/event-stream" });
  const timer = setInterval(() => res.write(`data: ${++count}\n\n`), EVENT_EVERY_MS);
  res.on("close", () => clearInterval(timer));
}

const servers = new Map<number, Server>();

async function start(name: string): Promise<number> {
  const body = Buffer.from(`${name}\n`.padEnd(1024, "."));
  const headers = { "Content-Type": "text/plain", "Content-Length": body.length, "X-Release": name };
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    if (req.url === "/slow") setTimeout(() => res.writeHead(200, headers).end(body), SLOW_MS);
    else if (req.url === "/events") sendEvents(res);
    else if (req.url === "/upload") answerUpload(req, res).catch(() => res.destroy());
    else res.writeHead(200, headers).end(body);
  });
  new WebSocketServer({ server }).on("connection", (socket) =>
    socket.on("error", () => {}).on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  servers.set(port, server);
  return port;
}

function stop(port: number): void {
  const server = servers.get(port);
  servers.delete(port);
  server?.close();
  server?.closeAllConnections();
}

type Message = { type: "start"; name: string } | { type: "stop"; port: number };
process.on("message", async (message: Message) => {
  if (message.type === "stop") stop(message.port);
  else process.send?.({ type: "started", port: await start(message.name) });
});

process.send?.({ type: "listening", ports: await Promise.all(process.argv.slice(2).map(start)) });
process.on("disconnect", () => process.exit(0));
