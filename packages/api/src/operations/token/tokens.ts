import { randomBytes } from "node:crypto";
import { DomainError } from "@windlass/domain";
import { type Actor, hashToken } from "../../actor.ts";
import type { TokenOut } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { writeAudit } from "../audit/write-audit.ts";

type Context = Pick<Services, "db"> & { actor: Actor };

const COLUMNS = {
  id: true,
  name: true,
  teamId: true,
  hint: true,
  createdAt: true,
  expiresAt: true,
  lastUsedAt: true,
} as const;

/** The caller's own tokens that still work, newest first. */
export function readTokens({ db, actor }: Context): Promise<TokenOut[]> {
  return db.token.findMany({
    where: { userId: actor.userId, teamId: { in: [...actor.roles.keys()] }, revokedAt: null },
    orderBy: { id: "desc" },
    select: COLUMNS,
  });
}

/** Makes a token for one team. Its clear text is in the answer and nowhere else. */
export function createToken(
  { db, actor }: Context,
  team: { id: string },
  input: { name: string; expiresInDays: number | null },
): Promise<{ token: string; row: TokenOut }> {
  if (actor.kind !== "user")
    throw new DomainError("not_allowed", "A token cannot make tokens. Sign in to the console.");
  const token = `wl_${randomBytes(32).toString("base64url")}`;
  return db.$transaction(async (tx) => {
    const row = await tx.token.create({
      data: {
        userId: actor.userId,
        teamId: team.id,
        name: input.name,
        hash: hashToken(token),
        hint: `${token.slice(0, 7)}…`,
        expiresAt: input.expiresInDays === null ? null : new Date(Date.now() + input.expiresInDays * 24 * 3600_000),
      },
      select: COLUMNS,
    });
    await writeAudit(tx, actor, {
      teamId: team.id,
      action: "token.create",
      subject: `token:${row.id}`,
      detail: { name: input.name },
    });
    return { token, row };
  });
}

/** Ends one of the caller's own tokens at once. A token ends only those of its own team. */
export async function revokeToken({ db, actor }: Context, tokenId: string): Promise<void> {
  await db.$transaction(async (tx) => {
    const row = await tx.token.findFirst({
      where: { id: tokenId, userId: actor.userId, teamId: { in: [...actor.roles.keys()] }, revokedAt: null },
    });
    if (!row)
      throw new DomainError("not_found", "You have no such token, or it was revoked already.", { field: "tokenId" });
    await tx.token.update({ where: { id: row.id }, data: { revokedAt: new Date() } });
    await writeAudit(tx, actor, { teamId: row.teamId, action: "token.revoke", subject: `token:${row.id}` });
  });
}
