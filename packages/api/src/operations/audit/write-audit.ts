import type { Prisma, Transaction } from "@windlass/db";
import { actorColumns, type Doer } from "../operation.ts";

/** Tells a change, in the transaction of the change. `detail` holds names and settings, never a secret. */
export async function writeAudit(
  tx: Transaction,
  actor: Doer,
  entry: { teamId: string | null; action: string; subject: string; detail?: Prisma.InputJsonObject },
): Promise<void> {
  await tx.auditEntry.create({ data: { ...entry, detail: entry.detail ?? {}, ...actorColumns(actor) } });
}
