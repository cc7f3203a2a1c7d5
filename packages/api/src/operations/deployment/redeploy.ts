import { type DeploymentKind, DomainError, isBuilding, isEnded } from "@windlass/domain";
import type { OperationContext } from "../operation.ts";
import { requestDeployment } from "./request-deployment.ts";

interface Redeployable {
  ref: string;
  kind: DeploymentKind;
  commitSha: string | null;
  status: Parameters<typeof isEnded>[0];
  environment: { id: string; teamId: string; slug: string };
}

/** Deploys the same commit (or image) again with today's settings; an older one than is live only with `allowOlder`. */
export function redeploy(
  ctx: OperationContext,
  deployment: Redeployable,
  options: { trigger: string; allowOlder: boolean; rebuild: boolean },
): Promise<string> {
  if (!isBuilding(deployment.kind)) {
    throw new DomainError(
      "conflict",
      `A ${deployment.kind} builds nothing. Redeploy the deployment that made its release.`,
    );
  }
  if (!isEnded(deployment.status)) throw new DomainError("conflict", "This deployment is still going on.");
  const ref = deployment.commitSha ?? deployment.ref;
  return requestDeployment(ctx, { environment: deployment.environment, kind: "redeploy", ref, ...options });
}
