import { DomainError } from "@windlass/domain";
import type { OperationContext } from "../operation.ts";
import { requestDeployment } from "./request-deployment.ts";

/** Brings a kept release of this environment back, as a deployment of its own. */
export async function requestRollback(
  ctx: OperationContext,
  environment: { id: string; teamId: string; slug: string; currentReleaseId: string | null },
  releaseId: string,
  trigger: string,
): Promise<string> {
  const release = await ctx.db.release.findFirst({ where: { id: releaseId, environmentId: environment.id } });
  if (!release) throw new DomainError("not_found", "This environment has no such release.", { field: "releaseId" });
  if (release.removedAt) {
    throw new DomainError("conflict", `Release ${release.number} was cleaned up. Deploy its commit again instead.`, {
      field: "releaseId",
    });
  }
  if (release.id === environment.currentReleaseId) {
    throw new DomainError("conflict", `Release ${release.number} is live already.`, { field: "releaseId" });
  }
  return requestDeployment(ctx, { environment, kind: "rollback", ref: "", release, trigger });
}
