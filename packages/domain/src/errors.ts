import type { FailureCause } from "./failure.ts";

/** Whose move it is: the caller's input, the app or machine the user runs, or Windlass itself. */
export type Fault = "user" | "server" | "platform";

/** A code exists only where someone reacts to it. */
export const ERROR_CODES = [
  "invalid_input",
  "not_signed_in",
  "not_allowed",
  "not_found",
  "conflict",
  "throttled",
  "password_change_required",
  "source_unreachable",
  "source_denied",
  "ref_not_found",
  "source_refused",
  "host_key_unknown",
  "build_failed",
  "image_unavailable",
  "start_failed",
  "command_failed",
  "unhealthy",
  "database_unavailable",
  "router_unavailable",
  "runtime_unavailable",
  "disk_full",
  "lease_lost",
  "cancelled",
  "superseded",
  "unexpected",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetail {
  /** The input's field the error is about, as a dotted path */
  field?: string;
  /** What was seen: the last probe, exit code, last lines. Shown as it is, already redacted */
  evidence?: string[];
  /** Why a release could not be brought up, typed, where the evidence proves it */
  failure?: FailureCause | undefined;
  /** Trying the same again may succeed */
  retryable?: boolean;
  fault?: Fault;
  cause?: unknown;
}

/** An error written for the person who meets it: what happened, and what to do. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly evidence: string[];
  readonly failure: FailureCause | undefined;
  readonly retryable: boolean;
  readonly fault: Fault;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.name = "DomainError";
    this.code = code;
    this.field = detail.field;
    this.evidence = detail.evidence ?? [];
    this.failure = detail.failure;
    this.retryable = detail.retryable ?? false;
    this.fault = detail.fault ?? "user";
  }
}

/** The error of a cause that is known: its words, and the setting it is about. */
export const failed = (code: ErrorCode, failure: FailureCause, detail: ErrorDetail = {}): DomainError =>
  new DomainError(code, `${failure.sentence} ${failure.remedy}`, {
    ...(failure.field !== null && failure.place === "settings" ? { field: failure.field } : {}),
    ...detail,
    failure,
  });

/** Any thrown thing as a DomainError; what is unknown becomes `unexpected`, with the original as its cause. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const known = error as { code?: string } | undefined;
  if (known?.code === "ENOSPC") {
    return diskFull("The server's disk is full.", { cause: error });
  }
  return new DomainError(
    "unexpected",
    "Windlass met an error that it does not know. Try again; if it stays, look at the worker's log.",
    { fault: "platform", cause: error, evidence: error instanceof Error ? [error.message] : [String(error)] },
  );
}

const FREE_SOME = "Free some space on the server, for example by keeping fewer releases, and try again.";

/** What everything that needs space says when there is none. */
export const diskFull = (
  sentence: string,
  { remedy = FREE_SOME, ...detail }: ErrorDetail & { remedy?: string } = {},
): DomainError =>
  failed(
    "disk_full",
    {
      code: "disk_full",
      sentence,
      remedy,
      place: "server",
      field: null,
    },
    { fault: "server", retryable: true, ...detail },
  );
