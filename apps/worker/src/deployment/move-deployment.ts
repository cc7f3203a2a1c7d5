import { Prisma } from "@windlass/db";
import { canMove, type DeploymentEnd, type DeploymentStatus, DomainError } from "@windlass/domain";
import type { Lease } from "../lease/lease.ts";

// What a worker writes of a deployment's status: along the table of transitions, under the lease, only from the status
// that is expected, in one round trip. Rejects with lease_lost when someone else moved it first.

/** From queued to running, unless it was cancelled or superseded meanwhile. It is taken once more when the database's machine dies within this moment. */
export async function beginDeployment(lease: Lease, id: string): Promise<void> {
  const begun = Prisma.sql`begun as (
    update "Deployment" set "status" = 'running', "startedAt" = ${new Date()}::timestamptz from held
    where "id" = ${id}::uuid and "status" = 'queued' returning 1)`;
  if ((await lease.change([begun], { isDurable: false, counted: "begun" })) === 0) throw movedByAnother();
}

/** From running to its end. */
export async function endDeployment(
  lease: Lease,
  id: string,
  to: DeploymentStatus,
  end: DeploymentEnd,
  warnings: string[],
): Promise<void> {
  if (!canMove("running", to)) throw new Error(`A deployment does not move from running to ${to}.`);
  const ended = Prisma.sql`ended as (
    update "Deployment" set "status" = ${to}::"DeploymentStatus", "endReason" = ${end.reason}, "endedAt" = ${new Date()}::timestamptz,
      "endDetail" = ${JSON.stringify(end)}::jsonb, "warnings" = ${JSON.stringify(warnings)}::jsonb from held
    where "id" = ${id}::uuid and "status" = 'running' returning 1)`;
  if ((await lease.change([ended], { counted: "ended" })) === 0) throw movedByAnother();
}

const movedByAnother = () =>
  new DomainError("lease_lost", "The deployment was moved by another worker.", { fault: "platform" });
