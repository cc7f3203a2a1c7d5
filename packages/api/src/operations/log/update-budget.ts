import type { LogBudget } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";
import type { LoggedEnvironment } from "./read-runtime-log.ts";

/** Changes how much of an environment's output is kept; what is above it goes within a moment. */
export async function updateLogBudget(
  ctx: OperationContext,
  { id, teamId }: LoggedEnvironment,
  { megabytes, days }: LogBudget,
): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await tx.environment.update({ where: { id }, data: { logMegabytes: megabytes, logDays: days } });
    const subject = `environment:${id}`;
    await writeAudit(tx, ctx.actor, { teamId, action: "log.budget", subject, detail: { megabytes, days } });
  });
}
