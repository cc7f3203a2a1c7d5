import { writeAudit } from "@windlass/api/operations";
import { DomainError } from "@windlass/domain";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import type { DeploymentRow } from "./run-deployment.ts";

/** The last act of a deletion: all rows of the environment, and of the app when it was its last, in one transaction. */
export async function deleteEnvironment(worker: Worker, lease: Lease, row: DeploymentRow): Promise<void> {
  await lease.write(async (tx) => {
    const running = await tx.deployment.count({ where: { id: row.id, status: "running" } });
    if (running === 0) throw new DomainError("lease_lost", "The deployment was moved by another worker.");
    const { appId, slug, app } = await tx.environment.delete({
      where: { id: row.environmentId },
      include: { app: true },
    });
    const actor = { kind: "system", id: null, name: "Windlass" } as const;
    const detail = { name: app.name, environment: slug, askedBy: row.actorName };
    await writeAudit(tx, actor, {
      teamId: row.teamId,
      action: "environment.deleted",
      subject: `environment:${row.environmentId}`,
      detail,
    });
    // The last environment of an app is deleted only with the app.
    await tx.$queryRaw`select 1 from "App" where "id" = ${appId}::uuid for update`;
    if ((await tx.environment.count({ where: { appId } })) > 0) return;
    await tx.app.delete({ where: { id: appId } });
    await writeAudit(tx, actor, { teamId: row.teamId, action: "app.deleted", subject: `app:${appId}`, detail });
  });
  worker.log.info({ environmentId: row.environmentId, deploymentId: row.id }, "environment deleted");
}
