import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { PROBE_HEADER } from "@windlass/domain";
import { parseHost } from "../traffic/parse-host.ts";
import { HOP_BY_HOP, namedByConnection } from "./hop-by-hop.ts";

/** Who is at the other end of a listener: anybody, or our own Caddy, whose forwarding headers are true. */
export type Peer = "anybody" | "caddy";

/** A request as it will be sent on. */
export interface ForwardedRequest {
  /** As the table knows it */
  host: string;
  /** Origin form: starts with / */
  path: string;
  /** Names and values in turn, for undici */
  headers: string[];
  requestId: string;
  /** Where it comes from, as far as the peer is believed */
  client: string | undefined;
  /** One of Windlass's own: it passes a hold and counts as no user */
  isProbe: boolean;
  hasBody: boolean;
  /** In bytes; undefined for a body of unknown length */
  bodyLength: number | undefined;
}

/** The answer to a request that is refused before any service is looked for. */
export interface BadRequest {
  status: 400 | 405;
  reason: string;
}

/** What only the router may say. Compared with _ as -, because CGI-like servers cannot tell the two apart. */
const FORWARDING: ReadonlySet<string> = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-forwarded-ssl",
  "x-real-ip",
]);

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

const addressOf = (socket: Socket): string | undefined => {
  const address = socket.remoteAddress;
  return address?.startsWith("::ffff:") ? address.slice(7) : address;
};

const bad = (reason: string): BadRequest => ({ status: 400, reason });

/**
 * Reads a parsed request once and decides what is sent on: hop-by-hop headers go, forwarding headers are the router's
 * own (or Caddy's), Host stays as it came. Node's parser has already refused what RFC 9112 calls ambiguous framing.
 */
export function readRequest(req: IncomingMessage, peer: Peer, probeKey: string): ForwardedRequest | BadRequest {
  const method = req.method as string;
  if (method === "TRACE" || method === "CONNECT") return { status: 405, reason: `${method} is not served here.` };

  const raw = req.rawHeaders;
  const headers: string[] = [];
  const named = namedByConnection(req.headers.connection);
  let host: string | undefined;
  let requestId: string | undefined;
  let isProbe = false;
  let hasBody = false;
  let bodyLength: number | undefined;
  let forwardedFor: string | undefined;
  let forwardedProto: string | undefined;
  let forwardedHost: string | undefined;
  let forwardedPort: string | undefined;

  for (let i = 0; i < raw.length; i += 2) {
    const given = raw[i] as string;
    const value = raw[i + 1] as string;
    const name = given.toLowerCase();
    if (name === "host") {
      if (host !== undefined) return bad("The request has more than one Host header.");
      host = value;
      headers.push(given, value);
      continue;
    }
    if (HOP_BY_HOP.has(name)) {
      if (name === "transfer-encoding") hasBody = true;
      else if (name === "te" && /(?:^|[\s,])trailers(?:$|[\s,;])/i.test(value)) headers.push("te", "trailers");
      continue;
    }
    if (named?.has(name)) continue;
    if (name === "content-length") {
      bodyLength = Number(value);
      if (bodyLength > 0) hasBody = true;
    } else if (name === "x-request-id") {
      if (requestId === undefined && REQUEST_ID.test(value)) requestId = value;
      continue;
    } else if (name === PROBE_HEADER) {
      isProbe = value === probeKey;
      continue;
    } else if (FORWARDING.has(name) || (name.includes("_") && isForwardingInDisguise(name))) {
      if (peer === "caddy") {
        if (name === "x-forwarded-for") forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`;
        else if (name === "x-forwarded-proto") forwardedProto = value;
        else if (name === "x-forwarded-host") forwardedHost = value;
        else if (name === "x-forwarded-port") forwardedPort = value;
      }
      continue;
    }
    headers.push(given, value);
  }

  if (host === undefined) return bad("The request has no Host header.");
  const hostName = parseHost(host);
  if (hostName === undefined) return bad("The request's Host header is not a host name.");
  const path = originForm(req.url as string, host);
  if (path === undefined) return bad("The request's target is not a path on the host that its Host header names.");

  let client = addressOf(req.socket);
  if (client !== undefined) forwardedFor = forwardedFor === undefined ? client : `${forwardedFor}, ${client}`;
  if (forwardedFor !== undefined) {
    // Caddy names the peer it saw last; what stands before it, that peer said.
    client ??= forwardedFor.slice(forwardedFor.lastIndexOf(",") + 1).trim();
    headers.push("X-Forwarded-For", forwardedFor, "X-Real-IP", client);
  }
  forwardedProto ??= "http";
  forwardedPort ??= portOf(forwardedHost ?? host) ?? (forwardedProto === "https" ? "443" : "80");
  requestId ??= randomUUID();
  headers.push("X-Forwarded-Proto", forwardedProto, "X-Forwarded-Host", forwardedHost ?? host);
  headers.push("X-Forwarded-Port", forwardedPort, "X-Request-Id", requestId);
  return { host: hostName, path, headers, requestId, client, isProbe, hasBody, bodyLength };
}

const isForwardingInDisguise = (name: string): boolean => FORWARDING.has(name.replaceAll("_", "-"));

function portOf(host: string): string | undefined {
  const port = /:(\d{1,5})$/.exec(host);
  return port?.[1];
}

/**
 * RFC 9112, 3.2.2: a request target may be a whole URL, whose host then wins over the Host header. Two that differ are
 * refused instead: whatever stands in front may have looked at the other one.
 */
function originForm(target: string, host: string): string | undefined {
  if (target.charCodeAt(0) === 47) return target;
  const absolute = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(target);
  if (absolute?.[1]?.toLowerCase() !== host.toLowerCase()) return undefined;
  const path = absolute[2] as string;
  return path.startsWith("/") ? path : `/${path}`;
}
