import { BakeFigures, BakeSeen } from "@windlass/domain";
import type { BakeOut, DeploymentDetail } from "../../schemas.ts";
import type { Services } from "../../services.ts";

/** The watch over what this deployment made live, when there was one. */
export async function readBake(db: Services["db"], deploymentId: string): Promise<BakeOut | null> {
  const row = await db.bake.findUnique({ where: { deploymentId } });
  if (!row) return null;
  const { state, reason, startedAt, endsAt, endedAt, revertId } = row;
  const seen = BakeSeen.parse(row.seen);
  return {
    state,
    reason,
    startedAt,
    endsAt,
    endedAt,
    before: row.before ? BakeFigures.parse(row.before) : null,
    now: seen.now,
    restarts: seen.restarts - (seen.restartsBefore ?? seen.restarts),
    lastProbe: seen.lastProbe,
    revertId,
  };
}

/** For a rollback: the watch that asked for it. */
export async function readRevertOf(db: Services["db"], deploymentId: string): Promise<DeploymentDetail["revertOf"]> {
  const row = await db.bake.findFirst({ where: { revertId: deploymentId }, include: { deployment: true } });
  return row && { deploymentId: row.deploymentId, number: row.deployment.number, reason: row.reason };
}
