import type { Database } from "@windlass/db";
import { DomainError } from "@windlass/domain";

/** An address may stand for a whole office behind one router: it has more. */
const FREE_FAILURES = { account: 5, address: 30 } as const;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const FORGET_AFTER_MS = 60 * 60_000;

export interface AttemptKey {
  kind: keyof typeof FREE_FAILURES;
  name: string;
}

const idOf = (key: AttemptKey): string => `${key.kind}:${key.name}`;

/** How long to wait after so many failures in a row: none for the free ones, then doubling up to 15 minutes. */
export function waitAfter(failures: number, kind: AttemptKey["kind"]): number {
  const tooMany = failures - FREE_FAILURES[kind];
  return tooMany < 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** tooMany, LONGEST_WAIT_MS);
}

/**
 * Counts an attempt under each key before its outcome is known, so that attempts at once cannot slip through, and
 * rejects with throttled while a key has to wait.
 */
export async function claimAttempt(db: Database, keys: AttemptKey[]): Promise<void> {
  for (const key of keys) {
    const id = idOf(key);
    await db.$transaction(async (tx) => {
      await tx.$queryRaw`select pg_advisory_xact_lock(hashtextextended(${`sign-in ${id}`}, 0))::text`;
      const row = await tx.signInFailure.findUnique({ where: { key: id } });
      const isForgotten = !row || Date.now() - row.lastAt.getTime() > FORGET_AFTER_MS;
      const failures = isForgotten ? 0 : row.failures;
      const waitMs = isForgotten ? 0 : row.lastAt.getTime() + waitAfter(failures, key.kind) - Date.now();
      if (waitMs > 0) {
        throw new DomainError("throttled", `Too many wrong attempts. Try again in ${inWords(waitMs)}.`, {
          retryable: true,
        });
      }
      const data = { failures: failures + 1, lastAt: new Date() };
      await tx.signInFailure.upsert({ where: { key: id }, create: { key: id, ...data }, update: data });
    });
  }
}

/** Forgets the failures of a key after a right password, and those of all that are long past. */
export async function clearAttempts(db: Database, keys: AttemptKey[]): Promise<void> {
  const isPast = { lastAt: { lt: new Date(Date.now() - FORGET_AFTER_MS) } };
  await db.signInFailure.deleteMany({ where: { OR: [{ key: { in: keys.map(idOf) } }, isPast] } });
}

function inWords(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 90 ? `${seconds} ${seconds === 1 ? "second" : "seconds"}` : `${Math.ceil(seconds / 60)} minutes`;
}
