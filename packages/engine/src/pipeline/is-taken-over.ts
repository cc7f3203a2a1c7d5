import { DomainError } from "@windlass/domain";

/**
 * True when the work is, or may be, another worker's by now. Then an adapter must not take back what it has begun: the
 * other one may have gone on with it.
 */
export const isTakenOver = (signal: AbortSignal): boolean =>
  signal.aborted && signal.reason instanceof DomainError && signal.reason.code === "lease_lost";
