import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

const LIMIT_MS = 30_000;

/**
 * Runs `work` while no build is under way on this server and none begins: places to build are given in turn with it
 * (windlass_take_build_place). Ends with the transaction, whatever becomes of the worker; `confirm` rejects once it is
 * over. False, without a try, when somebody builds; the lease `own` is not counted.
 */
export function whileNobodyBuilds(
  { db, server, leaseMs }: Worker,
  own: Lease | null,
  work: (confirm: () => Promise<void>) => Promise<void>,
): Promise<boolean> {
  return db.$transaction(
    async (tx) => {
      await tx.$queryRaw`
        select set_config('idle_in_transaction_session_timeout', ${String(leaseMs)}, true)
        from pg_advisory_xact_lock(hashtext('windlass build places'), hashtext(${server}))`;
      const building = await tx.$queryRaw<unknown[]>`
        select 1 from "Lease" where "server" = ${server} and "isBuilding" and "expiresAt" > clock_timestamp()
          and "environmentId" is distinct from ${own?.environmentId ?? null}::uuid`;
      if (building.length > 0) return false;
      await work(async () => void (await tx.$queryRaw`select 1`));
      return true;
    },
    { timeout: LIMIT_MS },
  );
}
