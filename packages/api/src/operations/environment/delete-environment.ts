import type { Transaction } from "@windlass/db";
import { type DeploymentEnd, DomainError } from "@windlass/domain";
import { insertDeployment } from "../deployment/request-deployment.ts";
import type { OperationContext } from "../operation.ts";

interface Deleted {
  id: string;
  teamId: string;
  appId: string;
  slug: string;
  name: string;
}

/** Has an environment taken apart by a worker; its app keeps at least one. Returns the deployment that does it. */
export async function deleteEnvironment(
  ctx: OperationContext,
  environment: Deleted,
  typedName: string,
  trigger: string,
): Promise<string> {
  requireTypedName(typedName, environment.name);
  return ctx.db.$transaction(async (tx) => {
    const others = (await lockEnvironments(tx, environment.appId)).filter(({ id }) => id !== environment.id);
    if (others.length === 0) {
      throw new DomainError("conflict", "An app has at least one environment. Delete the app to remove this one too.");
    }
    return requestDeletion(ctx, tx, environment, trigger);
  });
}

/** Has an app and all its environments taken apart by a worker. */
export async function deleteApp(
  ctx: OperationContext,
  app: { id: string; name: string },
  typedName: string,
  trigger: string,
): Promise<string[]> {
  requireTypedName(typedName, app.name);
  return ctx.db.$transaction(async (tx) => {
    const environments = await lockEnvironments(tx, app.id);
    if (environments.length === 0) throw new DomainError("conflict", `${app.name} is being deleted already.`);
    const ids: string[] = [];
    for (const environment of environments) ids.push(await requestDeletion(ctx, tx, environment, trigger));
    return ids;
  });
}

function requireTypedName(typed: string, name: string): void {
  if (typed.trim() === name) return;
  throw new DomainError("invalid_input", `Type ${name} to confirm that it shall be deleted.`, { field: "typedName" });
}

/** The app's environments that are not on their way out; deletions of one app take turns. */
async function lockEnvironments(tx: Transaction, appId: string): Promise<Deleted[]> {
  await tx.$queryRaw`select 1 from "App" where "id" = ${appId}::uuid for update`;
  return tx.environment.findMany({
    where: { appId, deployments: { none: { kind: "delete", status: { in: ["queued", "running"] } } } },
    orderBy: { createdAt: "asc" },
  });
}

/** What waits ends, what runs is cancelled; the deletion comes after them. */
async function requestDeletion(
  ctx: OperationContext,
  tx: Transaction,
  environment: Deleted,
  trigger: string,
): Promise<string> {
  const environmentId = environment.id;
  const deploymentId = await insertDeployment(ctx, tx, { environment, kind: "delete", ref: "", trigger });
  const asked = { cancelRequestedAt: new Date(), cancelRequestedBy: ctx.actor.name };
  const end: DeploymentEnd = {
    reason: "cancelled",
    message: `Cancelled before it started: ${ctx.actor.name} deleted the environment.`,
    evidence: [],
  };
  await tx.deployment.updateMany({
    where: { environmentId, status: "queued", id: { not: deploymentId } },
    data: { ...asked, status: "cancelled", endReason: "cancelled", endDetail: end, endedAt: asked.cancelRequestedAt },
  });
  await tx.deployment.updateMany({
    where: { environmentId, status: "running", committedToTraffic: false },
    data: asked,
  });
  return deploymentId;
}
