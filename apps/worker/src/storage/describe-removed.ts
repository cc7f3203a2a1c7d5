import type { CleanUpOutcome } from "@windlass/domain";

const MOST_NAMES = 200;

/** What an audit entry tells of a clean-up. */
export const describeRemoved = (removed: readonly CleanUpOutcome[]) => ({
  count: removed.length,
  freedBytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
  removed: removed.slice(0, MOST_NAMES).map(({ key, reason }) => `${key} (${reason})`),
});
