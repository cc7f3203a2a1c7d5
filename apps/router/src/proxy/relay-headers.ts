import type { IncomingHttpHeaders } from "node:http";
import { HOP_BY_HOP, namedByConnection } from "./hop-by-hop.ts";

/**
 * A release's answer headers without those about its connection to the router, as a flat list for writeHead. `chunked`
 * says whether the answer goes on in chunks, the only form in which trailers may be announced (RFC 9110, 6.5.1).
 */
export function relayHeaders(from: IncomingHttpHeaders, status: number, chunked: boolean): (string | string[])[] {
  const connection = from.connection;
  const named = namedByConnection(typeof connection === "string" ? connection : undefined);
  const headers: (string | string[])[] = [];
  for (const name in from) {
    if (HOP_BY_HOP.has(name) && name !== "proxy-authenticate") continue;
    if (named?.has(name)) continue;
    if (name === "trailer" && !chunked) continue;
    // RFC 9110, 8.6: a 204 has no Content-Length.
    if (name === "content-length" && status === 204) continue;
    const value = from[name];
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}
