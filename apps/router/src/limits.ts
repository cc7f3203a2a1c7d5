/** Every time and size the router waits for or accepts. Milliseconds and bytes. */
export interface Limits {
  /** A client has this long to send its request's headers, counted from the connection or from the request's first byte */
  requestHeadersMs: number;
  /** How often overdue clients are looked for; Node checks connections in rounds, not one by one */
  requestHeadersCheckMs: number;
  /** A request's header section, in bytes; more is answered 431 */
  requestHeaderBytes: number;
  /** A client may pause this long while it sends a body, or while it does not read the answer */
  clientStalledMs: number;
  /** An idle keep-alive connection of a client is kept this long. Longer than Caddy keeps its side, so that Caddy closes first */
  clientIdleMs: number;
  /** A release has this long to accept a connection */
  connectMs: number;
  /** A release has this long from the request to the first byte of its answer */
  firstByteMs: number;
  /** An idle connection to a release is kept this long unless its Keep-Alive header says otherwise. Shorter than the 2 s of the most impatient common servers */
  releaseIdleMs: number;
  /** An address that refused a connection is passed over this long while another one answers */
  refusedForMs: number;
  /** WebSockets and event streams that are asked to leave have this long to do it in order */
  goodbyeMs: number;
  /** At the end, requests in flight have this long */
  stopMs: number;
  /** At the end, WebSockets and event streams go on this long, then they are asked to leave */
  stopStreamGraceMs: number;
  /** At the end, idle keep-alive connections stay open this long, so that a request already on its way is answered and told to close */
  lingerMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestHeadersMs: 15_000,
  requestHeadersCheckMs: 2_000,
  requestHeaderBytes: 32 * 1024,
  clientStalledMs: 60_000,
  clientIdleMs: 75_000,
  connectMs: 5_000,
  firstByteMs: 300_000,
  releaseIdleMs: 1_500,
  refusedForMs: 1_000,
  goodbyeMs: 5_000,
  stopMs: 10_000,
  stopStreamGraceMs: 2_000,
  lingerMs: 1_000,
};
