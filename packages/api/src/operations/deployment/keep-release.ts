import { DomainError } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

/** Ends the watch over a new release: a person says that it stays. Rejects with conflict when the watch is over already. */
export async function keepRelease(ctx: OperationContext, deployment: { id: string; teamId: string }): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const kept = await tx.bake.updateMany({
      where: { deploymentId: deployment.id, state: "watching" },
      data: { state: "kept", reason: `${ctx.actor.name} said that it stays.`, endedAt: new Date() },
    });
    if (kept.count === 0) throw new DomainError("conflict", "This release is not being watched any more.");
    await writeAudit(tx, ctx.actor, {
      teamId: deployment.teamId,
      action: "deployment.keep",
      subject: `deployment:${deployment.id}`,
    });
  });
}
