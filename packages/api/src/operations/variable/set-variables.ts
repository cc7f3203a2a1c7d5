import type { Transaction } from "@windlass/db";
import type { VariableInput } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

type Environment = { id: string; teamId: string };

/** How a variable is stored: readable, or encrypted and never given out again. */
export function variableColumns({ cipher }: Pick<OperationContext, "cipher">, { value, isSecret }: VariableInput) {
  const digest = cipher.digest(value, "variable");
  return isSecret
    ? { value: null, secret: cipher.encrypt(value, "variable"), digest }
    : { value, secret: null, digest };
}

/** Adds or replaces; the next deployment applies them. */
export async function setVariables(
  ctx: OperationContext,
  environment: Environment,
  variables: VariableInput[],
): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    for (const variable of variables) {
      const columns = variableColumns(ctx, variable);
      await tx.variable.upsert({
        where: { environmentId_key: { environmentId: environment.id, key: variable.key } },
        create: { environmentId: environment.id, key: variable.key, ...columns },
        update: columns,
      });
    }
    await tellChange(
      tx,
      ctx,
      environment,
      "variable.set",
      variables.map((variable) => variable.key),
    );
  });
}

/** Removes by name; a name that is not there is fine. */
export async function removeVariables(ctx: OperationContext, environment: Environment, keys: string[]): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await tx.variable.deleteMany({ where: { environmentId: environment.id, key: { in: keys } } });
    await tellChange(tx, ctx, environment, "variable.remove", keys);
  });
}

async function tellChange(
  tx: Transaction,
  ctx: OperationContext,
  { id, teamId }: Environment,
  action: string,
  keys: string[],
): Promise<void> {
  await tx.environment.update({ where: { id }, data: { variablesVersion: { increment: 1 } } });
  await writeAudit(tx, ctx.actor, { teamId, action, subject: `environment:${id}`, detail: { keys } });
}
