import { DomainError } from "@windlass/domain";
import type { Actor } from "../../actor.ts";
import type { Services } from "../../services.ts";
import { writeAudit } from "../audit/write-audit.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { type AttemptKey, claimAttempt, clearAttempts } from "./throttle.ts";

/** Changes the caller's password and ends its other sessions. A token cannot: whoever holds one would own the account. */
export async function changePassword(
  { db, actor }: Pick<Services, "db"> & { actor: Actor },
  input: { currentPassword: string; newPassword: string },
): Promise<void> {
  if (actor.kind !== "user")
    throw new DomainError("not_allowed", "A token cannot change the password. Sign in to the console.");
  const keys: AttemptKey[] = [{ kind: "account", name: `password ${actor.userId}` }];
  await claimAttempt(db, keys);
  const user = await db.user.findUniqueOrThrow({ where: { id: actor.userId } });
  if (!(await verifyPassword(input.currentPassword, user.passwordHash))) {
    throw new DomainError("invalid_input", "This is not your current password.", { field: "currentPassword" });
  }
  await clearAttempts(db, keys);
  if (input.newPassword === input.currentPassword) {
    throw new DomainError("invalid_input", "Choose a password that differs from the current one.", {
      field: "newPassword",
    });
  }
  const passwordHash = await hashPassword(input.newPassword);
  await db.$transaction(async (tx) => {
    await tx.user.update({ where: { id: user.id }, data: { passwordHash, mustChangePassword: false } });
    await tx.session.updateMany({
      where: { userId: user.id, endedAt: null, id: { not: actor.sessionId ?? user.id } },
      data: { endedAt: new Date() },
    });
    await writeAudit(tx, actor, { teamId: null, action: "user.change_password", subject: `user:${user.id}` });
  });
}
