import type { IncomingMessage } from "node:http";

const MOST_BYTES = 64 * 1024;

/**
 * The status that refuses a request to a page for its body, or null. Only sign-in forms send one, and Next reads it into
 * memory whole, from anybody: it has to be small, and to say so beforehand.
 */
export function refusedBody({ headers }: Pick<IncomingMessage, "headers">): 411 | 413 | null {
  if (headers["transfer-encoding"] !== undefined) return 411;
  return Number(headers["content-length"] ?? 0) > MOST_BYTES ? 413 : null;
}
