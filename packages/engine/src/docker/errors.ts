import { inspect } from "node:util";
import { DomainError, diskFull, type ErrorCode, failed } from "@windlass/domain";

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
/** What an engine answers to the last requests before it ends: its own helpers are gone already. */
const ENDING =
  /transport is closing|ttrpc: (?:client|server) (?:closed|shutting down)|client connection is closing|error while dialing|grpc: the connection is (?:closing|unavailable)|shutdown in progress/i;

const isLost = (error: unknown): boolean =>
  LOST.has((error as { code?: string } | null)?.code ?? "") ||
  ((statusOf(error) ?? 0) >= 500 && ENDING.test(engineMessage(error)));

/** True when what was asked failed because there was no engine to answer: it may have been done or not. */
export const isEngineAway = (error: unknown): boolean =>
  error instanceof DomainError && error.code === "runtime_unavailable" && isLost(error.cause);

/** What `engineError` makes of a connection that ended. */
export const connectionLost = (message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code: "ECONNRESET" });

/** Any failure of a call to the engine as a DomainError; `code` and `doing` say what the call was for. */
export function engineError(error: unknown, code: ErrorCode, doing: string): DomainError {
  if (error instanceof DomainError) return error;
  if (isCancelled(error)) return cancelled(error);
  const message = engineMessage(error);
  const evidence = [message];
  if (isLost(error)) {
    const cause = {
      code: "engine_away",
      sentence: `The Docker engine stopped answering while Windlass was ${doing}.`,
      remedy: "Check that it runs on the server and try again.",
      place: "server",
      field: null,
    } as const;
    return failed("runtime_unavailable", cause, { fault: "server", retryable: true, evidence, cause: error });
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
