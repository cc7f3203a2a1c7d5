import type { IncomingMessage } from "node:http";

const LOOPBACK = /^(::1|(::ffff:)?127\.)/;

/**
 * Who asks, for throttling. Behind our own proxy (a public address is set, and the connection comes from this machine)
 * it is what that proxy added last to X-Forwarded-For; anybody else's word does not count.
 */
export function clientAddress(request: Pick<IncomingMessage, "headers" | "socket">, isProxied: boolean): string {
  const peer = request.socket.remoteAddress ?? "";
  const forwarded = String(request.headers["x-forwarded-for"] ?? "")
    .split(",")
    .at(-1)
    ?.trim();
  return isProxied && forwarded && LOOPBACK.test(peer) ? forwarded : peer;
}
