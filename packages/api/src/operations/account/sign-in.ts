import { DomainError, Email } from "@windlass/domain";
import type { Services } from "../../services.ts";
import { writeAudit } from "../audit/write-audit.ts";
import { decoyHash, verifyPassword } from "./password.ts";
import { type AttemptKey, claimAttempt, clearAttempts } from "./throttle.ts";

const SESSION_DAYS = 14;

export interface SignIn {
  email: string;
  password: string;
  address: string;
  userAgent: string;
}

export interface SignedIn {
  id: string;
  email: string;
  name: string;
  sessionId: string;
}

/** Starts a session. Rejects with not_signed_in (the same for an unknown account and a wrong password) or throttled. */
export async function signIn({ db }: Pick<Services, "db">, input: SignIn): Promise<SignedIn> {
  const email = Email.safeParse(input.email).data ?? "";
  const keys: AttemptKey[] = [
    { kind: "account", name: email },
    { kind: "address", name: input.address },
  ];
  await claimAttempt(db, keys);
  const user = email ? await db.user.findUnique({ where: { email } }) : null;
  // A decoy's time is spent for an unknown account too: how long it takes must not tell who has one.
  const isRight = await verifyPassword(input.password.slice(0, 200), user?.passwordHash ?? (await decoyHash()));
  if (!user || !isRight || user.suspendedAt) {
    throw new DomainError("not_signed_in", "This e-mail address and password do not belong together.");
  }
  await clearAttempts(db, keys);
  const session = await db.$transaction(async (tx) => {
    const actor = { kind: "user" as const, id: user.id, name: user.name };
    await writeAudit(tx, actor, { teamId: null, action: "session.start", subject: `user:${user.id}` });
    return tx.session.create({
      data: {
        userId: user.id,
        address: input.address,
        userAgent: input.userAgent.slice(0, 300),
        expiresAt: new Date(Date.now() + SESSION_DAYS * 24 * 3600_000),
      },
    });
  });
  return { id: user.id, email: user.email, name: user.name, sessionId: session.id };
}

/** Ends a session everywhere at once. */
export async function endSession({ db }: Pick<Services, "db">, sessionId: string): Promise<void> {
  await db.session.updateMany({ where: { id: sessionId, endedAt: null }, data: { endedAt: new Date() } });
}
