import type { Database, Prisma } from "@windlass/db";
import { Artifact } from "@windlass/domain";
import type { KeptCandidate } from "./past-kept.ts";

export interface ReleaseRow extends KeptCandidate {
  environmentId: string;
  number: number;
  artifact: Artifact;
}

/** Releases that were not cleaned up, newest first, with what says how long each is kept. */
export async function readKept(db: Database, where: Prisma.ReleaseWhereInput): Promise<ReleaseRow[]> {
  const rows = await db.release.findMany({
    where: { ...where, removedAt: null },
    orderBy: { number: "desc" },
    include: {
      instances: true,
      currentEnvironment: { select: { id: true } },
      deployments: { where: { kind: "rollback", endedAt: null }, select: { id: true } },
    },
  });
  const bakes = await db.bake.findMany({
    where: { endedAt: null, environmentId: { in: rows.map(({ environmentId }) => environmentId) } },
    select: { releaseId: true, previousReleaseId: true },
  });
  const baking = new Set(bakes.flatMap(({ releaseId, previousReleaseId }) => [releaseId, previousReleaseId]));
  return rows.map(({ id, environmentId, number, artifact, createdAt, instances, currentEnvironment, deployments }) => ({
    id,
    environmentId,
    number,
    artifact: Artifact.parse(artifact),
    createdAt,
    isLive: currentEnvironment !== null,
    isWanted: deployments.length > 0 || baking.has(id),
    instances,
  }));
}
