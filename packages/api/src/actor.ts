import { createHash } from "node:crypto";
import type { Database } from "@windlass/db";
import type { Role } from "@windlass/domain";

/** How a caller proves who it is: a session's id out of a verified cookie, or a personal token. */
export type Credentials = { kind: "session"; sessionId: string } | { kind: "token"; token: string } | null;

/** Who acts, with the roles it has now. */
export interface Actor {
  kind: "user" | "token";
  userId: string;
  /** The row to blame: the user's id, or the token's */
  id: string;
  name: string;
  sessionId: string | null;
  /** When the credentials end by themselves */
  expiresAt: Date | null;
  isAdministrator: boolean;
  mustChangePassword: boolean;
  /** Role by team id; a token's has its one team */
  roles: ReadonlyMap<string, Role>;
}

export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Reads who the credentials stand for, or null. Asked at every call: what was revoked ends at once. */
export async function authenticate(db: Database, credentials: Credentials): Promise<Actor | null> {
  if (!credentials) return null;
  return credentials.kind === "session"
    ? authenticateSession(db, credentials.sessionId)
    : authenticateToken(db, credentials.token);
}

const WITH_ROLES = { memberships: { select: { teamId: true, role: true } } } as const;

async function authenticateSession(db: Database, sessionId: string): Promise<Actor | null> {
  if (!/^[0-9a-f-]{36}$/.test(sessionId)) return null;
  const session = await db.session.findFirst({
    where: { id: sessionId, endedAt: null, expiresAt: { gt: new Date() }, user: { suspendedAt: null } },
    include: { user: { include: WITH_ROLES } },
  });
  if (!session) return null;
  const { user } = session;
  return {
    kind: "user",
    userId: user.id,
    id: user.id,
    name: user.name,
    sessionId: session.id,
    expiresAt: session.expiresAt,
    isAdministrator: user.isAdministrator,
    mustChangePassword: user.mustChangePassword,
    roles: new Map(user.memberships.map((membership) => [membership.teamId, membership.role])),
  };
}

const LAST_USED_PRECISION_MS = 60_000;

async function authenticateToken(db: Database, token: string): Promise<Actor | null> {
  const now = new Date();
  const row = await db.token.findFirst({
    where: {
      hash: hashToken(token),
      revokedAt: null,
      OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
      user: { suspendedAt: null },
    },
    include: { user: { include: WITH_ROLES } },
  });
  if (!row) return null;
  if (!row.lastUsedAt || now.getTime() - row.lastUsedAt.getTime() > LAST_USED_PRECISION_MS) {
    await db.token.updateMany({ where: { id: row.id }, data: { lastUsedAt: now } });
  }
  const membership = row.user.memberships.find((candidate) => candidate.teamId === row.teamId);
  return {
    kind: "token",
    userId: row.userId,
    id: row.id,
    name: `${row.user.name} (${row.name})`,
    sessionId: null,
    expiresAt: row.expiresAt,
    isAdministrator: false,
    mustChangePassword: row.user.mustChangePassword,
    roles: new Map(membership ? [[membership.teamId, membership.role]] : []),
  };
}
