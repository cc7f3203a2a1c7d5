import { DomainError, type ErrorDetail } from "@windlass/domain";

/** A build that hangs keeps a worker from everybody else's deployments: after this it is given up. */
export const BUILD_LIMIT_MS = 60 * 60_000;

export const buildTookTooLong = (limitMs: number, detail: ErrorDetail): DomainError =>
  new DomainError(
    "build_failed",
    `The build was given up after ${Math.ceil(limitMs / 60_000)} minutes. The last lines of the log show where it was.`,
    detail,
  );
