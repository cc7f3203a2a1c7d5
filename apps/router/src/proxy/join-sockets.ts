import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { UpgradeRequest } from "./exchange.ts";

/** Passes the release's 101 on and lets both sides talk; when one goes away the other is closed. */
export function joinSockets(
  res: ServerResponse,
  { socket: client, head }: UpgradeRequest,
  headers: IncomingHttpHeaders,
  release: Duplex,
): void {
  res.detachSocket(client as Socket);
  let answer = "HTTP/1.1 101 Switching Protocols\r\n";
  for (const name in headers) {
    const value = headers[name];
    for (const one of Array.isArray(value) ? value : [value]) answer += `${name}: ${one}\r\n`;
  }
  client.write(`${answer}\r\n`, "latin1");
  if (head.length > 0) release.write(head);

  const closeBoth = (): void => {
    client.destroy();
    release.destroy();
  };
  client.once("error", closeBoth).once("close", closeBoth);
  release.once("error", closeBoth).once("close", () => {
    // What the release said last may still be on its way to the client.
    if (client.writableEnded) return;
    client.end();
  });
  client.pipe(release).pipe(client);
}
