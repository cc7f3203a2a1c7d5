import type { Prisma, Transaction } from "@windlass/db";
import type { DeploymentEnd } from "@windlass/domain";

type Newer = Prisma.DeploymentGetPayload<object>;

/**
 * Ends what waits and would be overridden at once by a newer request of the same environment; returns the numbers.
 * Who asked for a certain commit, or for a redeploy, gets it: those are never superseded. docs/decisions/0008.
 */
export async function supersedeWaiting(tx: Transaction, newer: Newer): Promise<number[]> {
  const overtaken = overtakenBy(newer);
  if (!overtaken) return [];
  const end: DeploymentEnd = {
    reason: "superseded",
    message: `Superseded before it started: ${newer.actorName} asked for ${
      newer.kind === "rollback" ? "a rollback" : "a newer deployment"
    }, #${newer.number}.`,
    evidence: [],
    replacedBy: { deploymentId: newer.id, number: newer.number },
  };
  // One that a worker takes at this moment is no longer queued, and goes on.
  const ended = await tx.deployment.updateManyAndReturn({
    where: { AND: [overtaken, { environmentId: newer.environmentId, status: "queued", number: { lt: newer.number } }] },
    data: { status: "superseded", endReason: "superseded", endDetail: end, endedAt: new Date() },
    select: { number: true },
  });
  return ended.map(({ number }) => number).sort((a, b) => a - b);
}

/**
 * A deploy of the branch overtakes one that waits: it deploys all that the other would have. A person's rollback
 * overtakes those and earlier rollbacks; one that Windlass makes by itself must not cost anybody a push.
 */
function overtakenBy(newer: Newer): Prisma.DeploymentWhereInput | null {
  const followers: Prisma.DeploymentWhereInput = {
    followsBranch: true,
    // Consent to an older commit is not lost to a request without it.
    ...(newer.kind === "deploy" && !newer.allowOlder && { allowOlder: false }),
    // Nor is a build from the start.
    ...(newer.kind === "deploy" && !newer.rebuild && { rebuild: false }),
  };
  if (newer.followsBranch) return followers;
  if (newer.kind !== "rollback" || newer.actorKind === "system") return null;
  return { OR: [followers, { kind: "rollback" }] };
}
