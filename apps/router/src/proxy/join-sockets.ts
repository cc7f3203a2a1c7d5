import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { UpgradeRequest } from "./exchange.ts";
import { WebSocketSide } from "./web-socket-side.ts";

/** Two sockets that talk through the router. */
export interface JoinedSockets {
  /** Asks both sides to leave, where the protocol has words for that; otherwise the connection is ended. */
  sendAway(): void;
}

/** Passes the release's 101 on and lets both sides talk; when one goes away the other is closed. */
export function joinSockets(
  res: ServerResponse,
  { socket: client, head }: UpgradeRequest,
  headers: IncomingHttpHeaders,
  release: Duplex,
): JoinedSockets {
  res.detachSocket(client as Socket);
  let answer = "HTTP/1.1 101 Switching Protocols\r\n";
  for (const name in headers) {
    const value = headers[name];
    for (const one of Array.isArray(value) ? value : [value]) answer += `${name}: ${one}\r\n`;
  }
  client.write(`${answer}\r\n`, "latin1");

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

  if (headers.upgrade?.toLowerCase() !== "websocket") {
    if (head.length > 0) release.write(head);
    client.pipe(release).pipe(client);
    return {
      sendAway() {
        client.end();
        release.end();
      },
    };
  }
  const fromClient = new WebSocketSide(client, release, "server");
  const fromRelease = new WebSocketSide(release, client, "client");
  if (head.length > 0) fromClient.pass(head);
  return {
    sendAway() {
      // Each side answers with a close frame of its own, which goes no further; the client's ends the connection.
      fromRelease.close(() => {});
      fromClient.close(() => client.end());
    },
  };
}
