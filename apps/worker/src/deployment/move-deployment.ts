import { Prisma, type Transaction } from "@windlass/db";
import { canMove, type DeploymentEnd, type DeploymentStatus, DomainError } from "@windlass/domain";
import type { Lease } from "../lease/lease.ts";

/**
 * With `beginDeployment` the one writer of a deployment's status: along the table of transitions, and only from the
 * status that is expected. Call it in a transaction of the lease. Rejects with lease_lost when someone else moved it first.
 */
export async function moveDeployment(
  tx: Transaction,
  id: string,
  from: DeploymentStatus,
  to: DeploymentStatus,
  change: { end?: DeploymentEnd; data?: Prisma.DeploymentUpdateManyMutationInput } = {},
): Promise<void> {
  if (!canMove(from, to)) throw new Error(`A deployment does not move from ${from} to ${to}.`);
  const end = change.end && { endReason: change.end.reason, endDetail: change.end, endedAt: new Date() };
  const moved = await tx.deployment.updateMany({
    where: { id, status: from },
    data: { ...change.data, ...end, status: to },
  });
  if (moved.count === 0) throw movedByAnother();
}

/** From queued to running, in one round trip. It is taken once more when the database's machine dies within this moment. */
export async function beginDeployment(lease: Lease, id: string): Promise<void> {
  const begun = Prisma.sql`begun as (
    update "Deployment" set "status" = 'running', "startedAt" = ${new Date()}::timestamptz from held
    where "id" = ${id}::uuid and "status" = 'queued' returning 1)`;
  if ((await lease.change([begun], { isDurable: false, counted: "begun" })) === 0) throw movedByAnother();
}

const movedByAnother = () =>
  new DomainError("lease_lost", "The deployment was moved by another worker.", { fault: "platform" });
