import { randomBytes } from "node:crypto";
import type { Database } from "@windlass/db";
import { DomainError, slugFrom } from "@windlass/domain";
import { hashToken } from "../../actor.ts";
import { hashPassword } from "../account/password.ts";
import { writeAudit } from "../audit/write-audit.ts";

const LINK_HOURS = 24;
const FIRST_TEAM = { slug: "team", name: "Team" } as const;

/** A new one-time key for the set-up page, or null once somebody has set up. Earlier keys stop working. */
export async function issueSetupLink(db: Database): Promise<string | null> {
  if ((await db.user.count()) > 0) return null;
  const key = randomBytes(32).toString("base64url");
  await db.$transaction([
    db.setupLink.deleteMany({}),
    db.setupLink.create({ data: { hash: hashToken(key), expiresAt: new Date(Date.now() + LINK_HOURS * 3600_000) } }),
  ]);
  return key;
}

export type SetupState = "open" | "used" | "expired" | "unknown";

export async function readSetupState(db: Database, key: string): Promise<SetupState> {
  if ((await db.user.count()) > 0) return "used";
  const link = await db.setupLink.findUnique({ where: { hash: hashToken(key) } });
  if (!link) return "unknown";
  return link.expiresAt < new Date() ? "expired" : "open";
}

/** The team that owns what was made before anybody signed up: the first administrator gets it. */
export function firstTeam(db: Pick<Database, "team">): Promise<{ id: string }> {
  return db.team.upsert({ where: { slug: FIRST_TEAM.slug }, create: FIRST_TEAM, update: {} });
}

export interface SetupInput {
  key: string;
  name: string;
  email: string;
  password: string;
  teamName: string;
}

const PROBLEMS: Record<Exclude<SetupState, "open">, string> = {
  used: "Windlass is set up already. Sign in instead.",
  expired: "This link has expired. Start Windlass again for a new one.",
  unknown: "This link is not valid. Use the newest one that Windlass printed when it started.",
};

/** Makes the first administrator and their team. The key works once, whoever comes at the same time. */
export async function completeSetup(db: Database, input: SetupInput): Promise<{ email: string }> {
  // Anyone may call this: before the key is known to be right nothing is written, and no password's time is spent.
  await requireOpen(db, input.key);
  const passwordHash = await hashPassword(input.password);
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`select pg_advisory_xact_lock(hashtext('windlass setup'))::text`;
    await requireOpen(tx as Database, input.key);
    await tx.setupLink.updateMany({ where: { hash: hashToken(input.key) }, data: { usedAt: new Date() } });
    const user = await tx.user.create({
      data: { name: input.name, email: input.email, passwordHash, isAdministrator: true },
    });
    const { id } = await firstTeam(tx);
    const team = await tx.team.update({
      where: { id },
      data: { name: input.teamName, slug: slugFrom(input.teamName) ?? FIRST_TEAM.slug },
    });
    await tx.membership.create({ data: { teamId: team.id, userId: user.id, role: "owner" } });
    const actor = { kind: "user" as const, id: user.id, name: user.name };
    await writeAudit(tx, actor, { teamId: team.id, action: "setup.complete", subject: `user:${user.id}` });
    return { email: user.email };
  });
}

async function requireOpen(db: Database, key: string): Promise<void> {
  const state = await readSetupState(db, key);
  if (state !== "open") throw new DomainError("conflict", PROBLEMS[state], { field: "key" });
}
