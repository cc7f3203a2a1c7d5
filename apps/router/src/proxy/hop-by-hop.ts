/**
 * Headers that are about one connection and never travel on (RFC 9110, 7.6.1; Expect is answered here). Those that a
 * Connection header names are added to them. TE travels on only as "trailers", because trailers do.
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
  "proxy-authenticate",
  "proxy-authorization",
]);

/** Names that a Connection header may not take away from a message: without them it would mean something else. */
const ESSENTIAL = new Set(["host", "content-length", "content-type", "authorization", "cookie", "trailer"]);

/** The headers named in a Connection header, in lower case, or undefined for the usual values that name none. */
export function namedByConnection(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return undefined;
  const names = new Set<string>();
  for (const part of connection.split(",")) {
    const name = part.trim().toLowerCase();
    if (name !== "" && !ESSENTIAL.has(name)) names.add(name);
  }
  return names;
}
