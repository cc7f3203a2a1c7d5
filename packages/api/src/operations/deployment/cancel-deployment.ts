import { type DeploymentKind, DomainError, isEnded } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

/**
 * Ends a waiting deployment at once; asks the worker to end a running one, which confirms by the deployment's end.
 * Says in a sentence what happens. Rejects with conflict when it has ended or its release already takes the traffic.
 */
export async function cancelDeployment(
  ctx: OperationContext,
  deployment: { id: string; teamId: string; environmentId: string },
): Promise<string> {
  return ctx.db.$transaction(async (tx) => {
    const now = new Date();
    const end = { reason: "cancelled", message: `Cancelled by ${ctx.actor.name} before it started.`, evidence: [] };
    const waiting = await tx.deployment.updateMany({
      where: { id: deployment.id, status: "queued" },
      data: {
        status: "cancelled",
        endReason: "cancelled",
        endDetail: end,
        endedAt: now,
        cancelRequestedAt: now,
        cancelRequestedBy: ctx.actor.name,
      },
    });
    if (waiting.count === 0) {
      const running = { id: deployment.id, status: "running", committedToTraffic: false } as const;
      const asked = await tx.deployment.updateMany({
        where: { ...running, cancelRequestedAt: null },
        data: { cancelRequestedAt: now, cancelRequestedBy: ctx.actor.name },
      });
      if (asked.count === 0) {
        if ((await tx.deployment.count({ where: running })) === 0) throw await whyNot(tx, deployment.id);
        return "It is being cancelled already.";
      }
    }
    await writeAudit(tx, ctx.actor, {
      teamId: deployment.teamId,
      action: "deployment.cancel",
      subject: `deployment:${deployment.id}`,
    });
    if (waiting.count > 0) return "Cancelled. It had not started.";
    const isWorkedOn =
      (await tx.lease.count({ where: { environmentId: deployment.environmentId, expiresAt: { gt: now } } })) > 0;
    return isWorkedOn
      ? "It is being cancelled: what it made is taken back first."
      : "No worker is at work on it now. It is cancelled, and what it made taken back, as soon as one is.";
  });
}

async function whyNot(tx: Pick<OperationContext["db"], "deployment">, id: string): Promise<DomainError> {
  const row = await tx.deployment.findUnique({ where: { id }, select: { status: true, kind: true } });
  if (!row || isEnded(row.status)) return new DomainError("conflict", "This deployment has ended already.");
  const instead: Partial<Record<DeploymentKind, string>> = {
    stop: "It stops already: start it again when it has.",
    delete: "It is being taken apart already.",
  };
  const text = instead[row.kind] ?? "The new release is already live: roll back instead of cancelling.";
  return new DomainError("conflict", text);
}
