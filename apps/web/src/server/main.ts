import { createServer } from "node:http";
import path from "node:path";
import type { Services } from "@windlass/api";
import { openLive } from "@windlass/api/live";
import { openQueue } from "@windlass/api/operations";
import { createDatabase } from "@windlass/db";
import { createCipher } from "@windlass/db/encryption";
import next from "next";
import { pino } from "pino";
import { offerAuth } from "./auth-bridge.ts";
import { refusedBody } from "./body-limit.ts";
import { clientAddress } from "./client-address.ts";
import { readCredentials, sessionSecret } from "./credentials.ts";
import { DOWNLOAD_PATH, serveLogDownload } from "./download-log.ts";
import { readEnvironment } from "./environment.ts";
import { answerHealth } from "./health.ts";
import { redirectOf } from "./pages-guard.ts";
import { HTTP_PATH, serveProcedures, WEBSOCKET_PATH } from "./procedures.ts";
import { setSecurityHeaders } from "./security-headers.ts";

// The web process: Next's pages, the procedures over HTTP and WebSocket, and the health endpoints, on one port.

const environment = readEnvironment();
const isDevelopment = environment.NODE_ENV === "development";
const log = pino({ name: "web" });
const secret = sessionSecret(environment.WINDLASS_SECRET_KEY);
// Told, next-auth does not guess its own address from headers that anyone can send.
process.env.NEXTAUTH_URL = environment.WINDLASS_PUBLIC_URL ?? `http://${environment.HOST}:${environment.PORT}`;
process.env.NEXTAUTH_SECRET = secret;

const services: Services = {
  db: createDatabase(environment.DATABASE_URL),
  cipher: createCipher(new Map([[1, Buffer.from(environment.WINDLASS_SECRET_KEY, "hex")]])),
  queue: await openQueue(environment.DATABASE_URL),
  live: openLive(environment.DATABASE_URL),
  addresses: {
    appsDomain: environment.WINDLASS_APPS_DOMAIN,
    appsPort: environment.WINDLASS_APPS_PORT,
    appsScheme: environment.WINDLASS_APPS_SCHEME,
  },
};
offerAuth(services, secret);
const procedures = serveProcedures(services, { secret, publicUrl: environment.WINDLASS_PUBLIC_URL, log });

// Next adds an upgrade listener of its own to the server it is given and ends sockets it does not know: it gets a
// server that never listens.
const nextUpgrades = createServer();
const app = next({
  dev: isDevelopment,
  dir: path.resolve(import.meta.dirname, "../.."),
  hostname: environment.HOST,
  port: environment.PORT,
  httpServer: nextUpgrades,
});
await app.prepare();
const isHttps = environment.WINDLASS_PUBLIC_URL?.startsWith("https://") ?? false;
const handlePage = app.getRequestHandler();

/** Not `new URL`: it throws on addresses like `//`, and one request must not end the process. */
const pathOf = (url: string | undefined): string => (url ?? "/").split("?")[0] ?? "/";

const server = createServer(async (request, response) => {
  const pathname = pathOf(request.url);
  try {
    if (pathname === "/api/health" || pathname === "/api/ready")
      return await answerHealth(pathname, services, response);
    setSecurityHeaders(request, response, { isDevelopment, isHttps });
    if (pathname.startsWith(HTTP_PATH)) return await procedures.handleRequest(request, response);
    if (pathname.startsWith(DOWNLOAD_PATH)) return await serveLogDownload(services, { secret, log }, request, response);
    const refused = refusedBody(request);
    if (refused) return void response.writeHead(refused, { connection: "close" }).end();
    const credentials = await readCredentials(request.headers, secret);
    // For next-auth's route, which sees no socket: whatever a client sent under this name is replaced.
    request.headers["x-windlass-address"] = clientAddress(request, environment.WINDLASS_PUBLIC_URL !== undefined);
    // What Next asks for in a page's name has a query of its own, which leads nowhere.
    const asked = request.headers.rsc ? pathname : (request.url ?? pathname);
    const redirect = await redirectOf(services, pathname, asked, credentials);
    if (redirect) return void response.writeHead(307, { location: redirect, "cache-control": "no-store" }).end();
    await handlePage(request, response);
  } catch (error) {
    log.error({ err: error, path: pathname }, "request failed");
    if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
    response.end("Windlass could not answer this request. Try again; if it stays, look at the web process's log.");
  }
});

server.on("upgrade", (request, socket, head) => {
  socket.on("error", () => socket.destroy());
  const pathname = pathOf(request.url);
  if (pathname === WEBSOCKET_PATH) {
    procedures.handleUpgrade(request, socket, head).catch((error: unknown) => {
      log.error({ err: error }, "upgrade failed");
      socket.destroy();
    });
    return;
  }
  if (isDevelopment && pathname.startsWith("/_next/") && nextUpgrades.emit("upgrade", request, socket, head)) return;
  socket.destroy();
});

server.on("error", (error: NodeJS.ErrnoException) => {
  const taken = `Port ${environment.PORT} is taken. Stop what uses it, or choose another one.`;
  process.stderr.write(`${error.code === "EADDRINUSE" ? taken : error.message}\n`);
  process.exit(1);
});

server.listen(environment.PORT, environment.HOST, () => {
  log.info({ host: environment.HOST, port: environment.PORT }, "ready");
  process.send?.({ type: "ready" });
});

let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  procedures.close();
  server.close();
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 2_000).unref();
  await Promise.allSettled([services.live.close(), services.queue.stop(), app.close()]);
  await services.db.$disconnect();
  process.exit(0);
}
process.on("SIGTERM", () => void stop());
process.on("SIGINT", () => void stop());
// The supervisor is gone.
process.on("disconnect", () => void stop());
