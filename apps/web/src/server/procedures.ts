import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { type Actor, type ApiContext, appRouter, authenticate, type Credentials, type Services } from "@windlass/api";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { readCredentials } from "./credentials.ts";
import { isOwnOrigin } from "./origin.ts";

export const HTTP_PATH = "/api/trpc/";
export const WEBSOCKET_PATH = "/api/trpc-ws";
const MAX_BODY_BYTES = 4 * 2 ** 20;
/** In one request; the console's own link keeps to it. */
const MAX_CALLS = 20;
const MAX_FRAME_BYTES = 2 ** 20;
const ENDED = 4401;
/** Node fires longer ones at once. A socket that lasts 24 days may as well come back. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface ProcedureSettings {
  secret: string;
  publicUrl: string | undefined;
  log: Logger;
}

/** The procedures over HTTP and WebSocket. `close` tells clients to come back and ends their sockets. */
export function serveProcedures(services: Services, { secret, publicUrl, log }: ProcedureSettings) {
  const onUnexpected: ApiContext["onUnexpected"] = (error, path) => log.error({ err: error, path }, "procedure failed");
  const contextOf = (request: IncomingMessage, credentials: Credentials): ApiContext => ({
    ...services,
    credentials,
    request: { address: request.socket.remoteAddress ?? "", userAgent: request.headers["user-agent"] ?? "" },
    onUnexpected,
  });

  const handler = createHTTPHandler({
    router: appRouter,
    basePath: HTTP_PATH,
    maxBodySize: MAX_BODY_BYTES,
    maxBatchSize: MAX_CALLS,
    createContext: async ({ req }) => contextOf(req, await readCredentials(req.headers, secret)),
  });

  const wss = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  const seals = new WeakMap<IncomingMessage, Credentials>();
  const procedures = applyWSSHandler({
    wss,
    router: appRouter,
    keepAlive: { enabled: true, pingMs: 20_000, pongWaitMs: 5_000 },
    createContext: async ({ req }) => contextOf(req, seals.get(req) ?? null),
  });

  return {
    async handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
      if (request.headers.cookie !== undefined && !isOwnOrigin(request, publicUrl)) {
        response.writeHead(403, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: "This request came from another site." }));
        return;
      }
      await handler(request, response);
    },

    async handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
      const refuse = (status: string) =>
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      if (!isOwnOrigin(request, publicUrl)) return void refuse("403 Forbidden");
      const credentials = await readCredentials(request.headers, secret);
      const actor = await authenticate(services.db, credentials);
      if (!actor) return void refuse("401 Unauthorized");
      seals.set(request, credentials);
      wss.handleUpgrade(request, socket, head, (client) => {
        wss.emit("connection", client, request);
        void closeWhenRightsChange(services, client, credentials, actor);
      });
    },

    close(): void {
      procedures.broadcastReconnectNotification();
      for (const client of wss.clients) client.close(1012, "restarting");
    },
  };
}

/**
 * A socket was opened with certain rights. When they change it is closed: a client that still has some comes back and
 * gets what it may have now; one whose session or token ended, or expires, is told so.
 */
async function closeWhenRightsChange(
  services: Services,
  client: WebSocket,
  credentials: Credentials,
  { userId, expiresAt }: Actor,
): Promise<void> {
  const ended = new AbortController();
  const endsInMs = Math.max(0, (expiresAt?.getTime() ?? Infinity) - Date.now());
  const expiry = setTimeout(() => client.close(ENDED, "signed out"), Math.min(endsInMs, LONGEST_TIMER_MS));
  client.once("close", () => {
    clearTimeout(expiry);
    ended.abort();
  });
  const watch = services.live.watch([`user:${userId}`], ended.signal);
  let before: string | undefined;
  while (await watch.next()) {
    const actor = await authenticate(services.db, credentials).catch(() => undefined);
    if (actor === undefined) continue;
    const rights = JSON.stringify(actor && [...actor.roles, actor.mustChangePassword]);
    if (actor === null) client.close(ENDED, "signed out");
    else if (before !== undefined && before !== rights) client.close(1012, "rights changed");
    before = rights;
  }
}
