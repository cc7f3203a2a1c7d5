import type { IncomingMessage } from "node:http";

/**
 * Whether a request with a cookie may act: the browser names the page it came from, and that is ours. Requests without
 * an Origin header come from programs, which have no cookie of ours to abuse.
 */
export function isOwnOrigin(request: IncomingMessage, publicUrl: string | undefined): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === host || (publicUrl !== undefined && new URL(publicUrl).origin === origin);
}
