import { type Database, isConnectionLost, Prisma, type Transaction } from "@windlass/db";
import { DomainError } from "@windlass/domain";
import { aroundMethods } from "@windlass/engine";

/**
 * A worker's right to act on an environment. All times are the database's: the clocks of workers do not matter. The
 * fencing token rises with every new holder, so whoever comes after a lease ran out makes the one before harmless.
 */
export interface Lease {
  readonly environmentId: string;
  readonly token: number;
  /** Aborts as soon as the lease is, or may be, lost */
  readonly lost: AbortSignal;
  /** Runs a transaction that commits only while the lease holds; rejects with lease_lost otherwise. */
  write<T>(work: (tx: Transaction) => Promise<T>, options?: WriteOptions): Promise<T>;
  /**
   * The same in one statement and one round trip, where `write` takes five. Each part is a common table expression that
   * takes what it changes `from held`, which has one row while the lease holds and none otherwise; each sees what was
   * there before the statement. Resolves with how many rows the part that is named `counted` returned.
   */
  change(parts: readonly Prisma.Sql[], options?: WriteOptions & { counted?: string }): Promise<number>;
  /**
   * Renews it, so that an effect which begins now has the whole time of a lease before another worker can take over.
   * Rejects with lease_lost when it is not held any more.
   */
  confirm(): Promise<void>;
  /** A port that asks the database. When that does not answer the lease is let go, as with a write. */
  letGoWith<Port extends object>(port: Port): Port;
  release(): Promise<void>;
}

export interface WriteOptions {
  /**
   * Whether the commit waits for the disk; true unless said. For what is done again, at no loss, when the database's
   * machine dies within the next moment: everything written later with `true` also secures what came before.
   */
  isDurable?: boolean;
}

const RENEWALS_PER_TTL = 4;

const leaseLost = () =>
  new DomainError("lease_lost", "Another worker has taken this environment over.", { fault: "platform" });

/** The lease for upkeep, when nobody else holds it, or null. For a deployment it is taken by `takeNext`. */
export async function acquireLease(
  db: Database,
  environmentId: string,
  holder: string,
  ttlMs: number,
): Promise<Lease | null> {
  // One that is held is not touched: the conflict would lock its row, and its holder's writes would wait.
  const taken = await db.$queryRaw<{ fencingToken: bigint }[]>`
    insert into "Lease" ("environmentId", "holder", "fencingToken", "expiresAt")
    select "id", ${holder}, 1, now() + ${ttlMs} * interval '1 millisecond' from "Environment" where "id" = ${environmentId}::uuid
      and not exists (select 1 from "Lease" where "environmentId" = ${environmentId}::uuid and "expiresAt" > now())
    on conflict ("environmentId") do update
      set "holder" = excluded."holder", "fencingToken" = "Lease"."fencingToken" + 1, "expiresAt" = excluded."expiresAt",
        "deploymentId" = null, "buildAskedAt" = null, "isBuilding" = false
      where "Lease"."expiresAt" <= now()
    returning "fencingToken"`;
  const token = taken[0]?.fencingToken;
  return token === undefined ? null : keepLease(db, environmentId, Number(token), ttlMs);
}

/** Keeps a lease that was just taken alive until it is released or lost. */
export function keepLease(db: Database, environmentId: string, token: number, ttlMs: number): Lease {
  const lost = new AbortController();
  const lose = () => lost.abort(leaseLost());
  // A worker that was frozen, or cut off from the database, must notice by its own clock.
  let lastRenewed = performance.now();
  const watchdog = setInterval(() => {
    if (performance.now() - lastRenewed >= ttlMs) lose();
  }, ttlMs / 10);
  const renew = async (): Promise<void> => {
    const asked = performance.now();
    if (asked - lastRenewed >= ttlMs) lose();
    if (lost.signal.aborted) throw leaseLost();
    // A renewal that is lost with the database's machine only ends the lease earlier: the commit need not wait for the disk.
    const renewed = await db.$executeRaw`
      update "Lease" set "expiresAt" = now() + ${ttlMs} * interval '1 millisecond'
      from (select set_config('synchronous_commit', 'off', true)) as fast
      where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token} and "expiresAt" > now()`;
    if (renewed === 0) {
      lose();
      throw leaseLost();
    }
    lastRenewed = asked;
  };
  // When the database does not answer the watchdog decides.
  const renewal = setInterval(() => renew().catch(() => {}), ttlMs / RENEWALS_PER_TTL);
  const stop = () => {
    clearInterval(renewal);
    clearInterval(watchdog);
  };
  lost.signal.addEventListener("abort", stop, { once: true });
  // Whether a write was made when its answer did not come, nobody knows. Whoever takes the environment next reads it.
  const letGoWhenUnknown = (error: unknown): never => {
    if (!isConnectionLost(error)) throw error;
    lose();
    throw leaseLost();
  };

  return {
    environmentId,
    token,
    lost: lost.signal,
    write(work, { isDurable = true } = {}) {
      const writing = db.$transaction(async (tx) => {
        // The row stays locked until the commit: nobody takes the lease over in between. Of a worker that freezes there,
        // or is cut off, the database ends the transaction once the lease is over.
        const held = await tx.$queryRaw<unknown[]>`
          select set_config('idle_in_transaction_session_timeout', ${String(ttlMs)}, true),
            set_config('synchronous_commit', ${isDurable ? "on" : "off"}, true)
          from "Lease"
          where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token} and "expiresAt" > now() for share`;
        if (held.length === 0) throw leaseLost();
        return work(tx);
      });
      return writing.catch(letGoWhenUnknown);
    },
    async change(parts, { isDurable = true, counted = "held" } = {}) {
      const held = Prisma.sql`held as (
        select set_config('synchronous_commit', ${isDurable ? "on" : "off"}, true) from "Lease"
        where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token} and "expiresAt" > now() for share)`;
      const asked = db.$queryRaw<{ count: number }[]>`with ${Prisma.join([held, ...parts])}
        select (select count(*)::int from ${Prisma.raw(counted)}) as "count" from held`;
      const [found] = await asked.catch(letGoWhenUnknown);
      if (!found) throw leaseLost();
      return found.count;
    },
    confirm: () => renew().catch(letGoWhenUnknown),
    letGoWith: (port) => aroundMethods(port, (call) => call().catch(letGoWhenUnknown)),
    async release() {
      stop();
      await db.$executeRaw`
        update "Lease" set "expiresAt" = now(), "deploymentId" = null, "buildAskedAt" = null, "isBuilding" = false
        where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token}`;
    },
  };
}
