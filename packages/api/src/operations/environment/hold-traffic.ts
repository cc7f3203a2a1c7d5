import { Prisma } from "@windlass/db";
import type { TrafficHold } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

/**
 * Puts an environment into maintenance, pauses it, or lets its requests through again. It is what is wanted: a worker
 * tells the router within moments, beside a deployment that may be running.
 */
export async function holdTraffic(
  ctx: OperationContext,
  environment: { id: string; teamId: string },
  hold: TrafficHold | null,
): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const held = hold
      ? { hold, heldAt: new Date(), heldBy: ctx.actor.name }
      : { hold: Prisma.DbNull, heldAt: null, heldBy: null };
    await tx.environment.update({
      where: { id: environment.id },
      data: { ...held, holdVersion: { increment: 1 } },
    });
    await writeAudit(tx, ctx.actor, {
      teamId: environment.teamId,
      action: hold ? `environment.${hold.kind === "paused" ? "pause" : "maintenance"}` : "environment.resume",
      subject: `environment:${environment.id}`,
    });
  });
}
