import { DomainError } from "@windlass/domain";

/**
 * True when the work is, or may be, another worker's by now. Then an adapter must not take back what it has begun: the
 * other one may have gone on with it.
 */
export const isTakenOver = (signal: AbortSignal): boolean => signal.aborted && codeOf(signal) === "lease_lost";

/** True when somebody wants the deployment to end; other ends of a signal only hand it over to the next worker. */
export const isCancelled = (signal: AbortSignal): boolean => signal.aborted && codeOf(signal) === "cancelled";

const codeOf = ({ reason }: AbortSignal) => (reason instanceof DomainError ? reason.code : undefined);
