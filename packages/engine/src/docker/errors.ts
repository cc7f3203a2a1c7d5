import { inspect } from "node:util";
import { DomainError, diskFull, type ErrorCode } from "@windlass/domain";

/** What the engine said, in its own words. */
export function engineMessage(error: unknown): string {
  const known = error as { reason?: string; json?: { message?: string }; message?: string } | undefined;
  return String(known?.json?.message ?? known?.message ?? error).trim();
}

export const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number } | null)?.statusCode;

export const isMissing = (error: unknown): boolean => statusOf(error) === 404;

const isCancelled = (error: unknown): boolean => (error as { name?: string } | null)?.name === "AbortError";

export const cancelled = (cause?: unknown): DomainError =>
  new DomainError("cancelled", "The deployment was cancelled.", { cause });

const LOST = new Set(["ECONNREFUSED", "ENOENT", "EACCES", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** Any failure of a call to the engine as a DomainError; `code` and `doing` say what the call was for. */
export function engineError(error: unknown, code: ErrorCode, doing: string): DomainError {
  if (error instanceof DomainError) return error;
  if (isCancelled(error)) return cancelled(error);
  const message = engineMessage(error);
  const evidence = [message];
  const lost = (error as { code?: string } | null)?.code;
  if (lost !== undefined && LOST.has(lost)) {
    return new DomainError(
      "runtime_unavailable",
      `The Docker engine stopped answering while Windlass was ${doing}. Check that it runs on the server and try again.`,
      { fault: "server", retryable: true, evidence, cause: error },
    );
  }
  if (/no space left on device/i.test(message)) {
    return diskFull(`The server's disk is full: Windlass was ${doing}.`, { evidence, cause: error });
  }
  return new DomainError(code, `The Docker engine refused while Windlass was ${doing}: ${message}`, {
    fault: "server",
    evidence,
    cause: error,
  });
}

/**
 * A signal for one request. docker-modem prints every request's options with unlimited depth, whether or not anyone
 * reads it; the caller's own signal may lead to half the process.
 */
export function requestSignal(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal]);
  return Object.assign(own, { [inspect.custom]: () => "AbortSignal" });
}
