import type { EnvironmentConfig } from "@windlass/domain";

/** A release as far as it matters for how long it is kept. */
export interface KeptCandidate {
  id: string;
  createdAt: Date;
  isLive: boolean;
  /** Whether a rollback or a bake may bring it back now */
  isWanted: boolean;
  instances: { status: string; warmedAt: Date | null; stoppedAt: Date | null }[];
}

/**
 * Of an environment's releases, newest first, those that are kept no longer: past the count, or past the days and not the
 * last one before the live. Never one that is live, runs or is wanted.
 */
export function pastKept<T extends KeptCandidate>(
  releases: readonly T[],
  { keepReleases, keepDays }: Pick<EnvironmentConfig, "keepReleases" | "keepDays">,
  now: number,
): T[] {
  const oldest = keepDays === 0 ? 0 : now - keepDays * 86_400_000;
  return releases
    .filter(({ isLive }) => !isLive)
    .filter((release, index) => index >= keepReleases || (index > 0 && servedLast(release) < oldest))
    .filter(({ isWanted, instances }) => !isWanted && instances.every(({ status }) => status === "stopped"));
}

/** When the release last took traffic, as far as it is written down. */
const servedLast = ({ createdAt, instances }: KeptCandidate): number =>
  Math.max(...[createdAt, ...instances.map((one) => one.warmedAt ?? one.stoppedAt ?? createdAt)].map(Number));
