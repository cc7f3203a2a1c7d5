import type { Database } from "@windlass/db";
import { Artifact } from "@windlass/domain";
import type { KeptCandidate } from "./past-kept.ts";

export interface ReleaseRow extends KeptCandidate {
  environmentId: string;
  number: number;
  artifact: Artifact;
}

/** Releases that were not cleaned up, of all environments or of one, newest first, with what says how long each is kept. */
export async function readKept(db: Database, where: { environmentId?: string }): Promise<ReleaseRow[]> {
  const ofKept = { release: { ...where, removedAt: null } };
  const [rows, instances, live, rollbacks, bakes] = await Promise.all([
    db.release.findMany({ where: { ...where, removedAt: null }, orderBy: { number: "desc" } }),
    db.instance.findMany({ where: ofKept }),
    db.environment.findMany({ where: { id: where.environmentId }, select: { currentReleaseId: true } }),
    db.deployment.findMany({ where: { ...ofKept, kind: "rollback", endedAt: null }, select: { releaseId: true } }),
    db.bake.findMany({ where: { ...where, endedAt: null }, select: { releaseId: true, previousReleaseId: true } }),
  ]);
  const isLive = new Set(live.map(({ currentReleaseId }) => currentReleaseId));
  const isWanted = new Set([
    ...rollbacks.map(({ releaseId }) => releaseId),
    ...bakes.flatMap(({ releaseId, previousReleaseId }) => [releaseId, previousReleaseId]),
  ]);
  const instancesOf = Map.groupBy(instances, ({ releaseId }) => releaseId);
  return rows.map(({ id, environmentId, number, artifact, createdAt }) => ({
    id,
    environmentId,
    number,
    artifact: Artifact.parse(artifact),
    createdAt,
    isLive: isLive.has(id),
    isWanted: isWanted.has(id),
    instances: instancesOf.get(id) ?? [],
  }));
}
