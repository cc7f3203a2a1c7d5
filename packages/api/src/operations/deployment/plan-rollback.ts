import { DomainError, diffConfig, diffNames, EnvironmentConfig } from "@windlass/domain";
import type { RollbackPlan } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { toRelease } from "../environment/read-environment.ts";

/** What bringing a release back would change. */
export async function planRollback(
  { db }: Pick<Services, "db">,
  environment: { id: string; currentReleaseId: string | null },
  releaseId: string,
): Promise<RollbackPlan> {
  const include = {
    deployments: { where: { kind: { not: "rollback" as const } }, orderBy: { id: "asc" as const }, take: 1 },
  };
  const to = await db.release.findFirst({ where: { id: releaseId, environmentId: environment.id }, include });
  if (!to || to.removedAt) {
    throw new DomainError("not_found", "This environment has no such release any more.", { field: "releaseId" });
  }
  const from = environment.currentReleaseId
    ? await db.release.findUnique({ where: { id: environment.currentReleaseId }, include })
    : null;
  const last = await db.deployment.findFirst({
    where: { environmentId: environment.id, kind: "rollback", status: "succeeded" },
    orderBy: { id: "desc" },
  });
  return {
    from: from && toRelease(from, environment.currentReleaseId),
    to: toRelease(to, environment.currentReleaseId),
    config: diffConfig(from ? EnvironmentConfig.parse(from.config) : null, EnvironmentConfig.parse(to.config)),
    variables: diffNames(
      (from?.variableDigests ?? {}) as Record<string, string>,
      to.variableDigests as Record<string, string>,
    ),
    lastTookMs: last?.startedAt && last.endedAt ? last.endedAt.getTime() - last.startedAt.getTime() : null,
  };
}
