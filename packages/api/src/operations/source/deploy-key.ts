import { DomainError } from "@windlass/domain";
import ssh2 from "ssh2";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

/** Makes a key pair for a repository. Only the public half is ever given out. */
export async function createDeployKey(
  ctx: OperationContext,
  team: { id: string },
): Promise<{ deployKeyId: string; publicKey: string }> {
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment: "windlass" });
  return ctx.db.$transaction(async (tx) => {
    const row = await tx.deployKey.create({
      data: { teamId: team.id, publicKey: pair.public, privateKey: ctx.cipher.encrypt(pair.private, "deployKey") },
    });
    await writeAudit(tx, ctx.actor, { teamId: team.id, action: "deployKey.create", subject: `deployKey:${row.id}` });
    return { deployKeyId: row.id, publicKey: row.publicKey };
  });
}

/** The stored pair, private half encrypted, of this team. */
export async function readDeployKey({ db }: Pick<OperationContext, "db">, teamId: string, id: string) {
  const key = await db.deployKey.findFirst({ where: { id, teamId } });
  if (!key)
    throw new DomainError("not_found", "There is no such deploy key. Make a new one.", { field: "deployKeyId" });
  return key;
}
