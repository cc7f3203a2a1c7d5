import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { Limits } from "../limits.ts";
import { answerPage, type Page } from "../pages/answer-page.ts";
import { badRequest, maintenance, notDeployed, paused, stopped, unknownHost } from "../pages/pages.ts";
import { LiveService, type LiveTable } from "../traffic/live-table.ts";
import type { LiveTarget } from "../traffic/live-target.ts";
import { Exchange, type UpgradeRequest } from "./exchange.ts";
import { type ForwardedRequest, type Peer, readRequest } from "./read-request.ts";

export interface TrafficServer {
  readonly server: Server;
  /** From now on every answer tells its client to close the connection. */
  beginStopping(): void;
  /** Connections that were upgraded, which the HTTP server no longer knows */
  readonly upgraded: ReadonlySet<Duplex>;
}

export interface TrafficServerOptions {
  table: LiveTable;
  peer: Peer;
  limits: Limits;
  log: Logger;
  /** Tells Windlass's own probes */
  probeKey: string;
}

/** The HTTP server that requests enter by. What Node's strict parser refuses never comes this far: it is answered 400, 408 or 431. */
export function createTrafficServer({ table, peer, limits, log, probeKey }: TrafficServerOptions): TrafficServer {
  const upgraded = new Set<Duplex>();
  let isStopping = false;

  const findTarget = ({ host, isProbe, client }: ForwardedRequest): LiveTarget | LiveService | Page => {
    const service = table.find(host);
    if (service === undefined) return unknownHost(host);
    const { hold, notice } = service.record;
    if (hold?.kind === "maintenance" && !isProbe && !service.gate.admits(client))
      return maintenance(hold.notice, hold.retryAfterSeconds);
    if (hold?.kind === "paused" && !isProbe) return service;
    return service.current ?? (notice ? stopped(notice) : notDeployed(host));
  };

  const serve = (
    req: IncomingMessage,
    res: ServerResponse,
    upgrade?: UpgradeRequest,
    expectsContinue = false,
  ): void => {
    if (isStopping) res.shouldKeepAlive = false;
    const request = readRequest(req, peer, probeKey);
    if ("reason" in request) {
      answerPage(req, res, badRequest(request.status, request.reason));
      return;
    }
    forward(req, res, request, upgrade, expectsContinue);
  };

  const forward = (
    req: IncomingMessage,
    res: ServerResponse,
    request: ForwardedRequest,
    upgrade: UpgradeRequest | undefined,
    expectsContinue: boolean,
  ): void => {
    const found = findTarget(request);
    if (found instanceof LiveService) {
      const again = () => forward(req, res, request, upgrade, expectsContinue);
      const refuse = () => answerPage(req, res, paused(request.host));
      found.gate.wait(upgrade?.socket ?? res, again, refuse);
      return;
    }
    if ("title" in found) {
      answerPage(req, res, found);
      return;
    }
    if (expectsContinue) res.writeContinue();
    new Exchange(req, res, found, request, limits, log, upgrade).start();
  };

  const server = createServer(
    {
      insecureHTTPParser: false,
      requireHostHeader: true,
      maxHeaderSize: limits.requestHeaderBytes,
      headersTimeout: limits.requestHeadersMs,
      connectionsCheckingInterval: limits.requestHeadersCheckMs,
      // An upload may take its time; BodyStream sees to it that it goes on.
      requestTimeout: 0,
      keepAliveTimeout: limits.clientIdleMs,
      noDelay: true,
      shouldUpgradeCallback: isUpgrade,
    },
    (req, res) => serve(req, res),
  );
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => serve(req, res, undefined, true));
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket)).on("error", () => {});
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket as Socket);
    res.once("finish", () => {
      res.detachSocket(socket as Socket);
      (socket as Socket).destroySoon();
    });
    serve(req, res, { socket, head, protocol: req.headers.upgrade as string });
  });
  server.on("connect", (_req: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });

  return {
    server,
    upgraded,
    beginStopping() {
      isStopping = true;
    },
  };
}

/**
 * Whether a request with an Upgrade header is passed through as one. An offer of h2c is ignored, as RFC 9110 7.8 allows:
 * clients make it with ordinary requests, and what followed would be HTTP that nobody looks at. So is one with a body.
 */
function isUpgrade(req: IncomingMessage): boolean {
  const { upgrade, "content-length": length, "transfer-encoding": coding } = req.headers;
  if (upgrade === undefined || coding !== undefined || (length !== undefined && length !== "0")) return false;
  return !upgrade.split(",").some((protocol) => protocol.trim().toLowerCase().startsWith("h2c"));
}
