import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "../wiring.ts";
import { keepEnvironment } from "./keep-environment.ts";

/**
 * Stores what instances write, for as long as the worker runs. An environment's output is stored by one worker, under a
 * lease of its own: deployments come and go beside it. New instances are announced; the timer is for leases that ran
 * out, of which nobody tells.
 */
export async function keepRuntimeLogs(worker: Worker): Promise<void> {
  const kept = new Map<string, Promise<void>>();
  const watch = worker.live.watch(["instances"], worker.shutdown);
  while (!worker.shutdown.aborted) {
    try {
      for (const { environmentId } of await findUnkept(worker)) {
        if (kept.has(environmentId)) continue;
        const keeping = keep(worker, environmentId).finally(() => kept.delete(environmentId));
        kept.set(environmentId, keeping);
      }
    } catch (error) {
      worker.log.warn({ err: error }, "looking for runtime logs to keep failed");
    }
    const lookAgain = sleep(worker.leaseMs / 2, undefined, { signal: worker.shutdown, ref: false }).catch(() => {});
    await Promise.race([watch.next(), lookAgain]);
  }
  await Promise.all(kept.values());
}

async function keep(worker: Worker, environmentId: string): Promise<void> {
  try {
    const lease = await worker.runtimeLogs.acquire(environmentId, worker.holder, worker.leaseMs);
    if (!lease) return;
    try {
      await keepEnvironment(worker, lease);
    } finally {
      await lease.release();
    }
  } catch (error) {
    // Whoever takes it next reads on where this ended.
    worker.log.warn({ err: error, environmentId }, "keeping a runtime log was interrupted");
    await sleep(worker.leaseMs / 10, undefined, { ref: false });
  }
}

/** Environments with instances that run, or that stopped and were not read to their end, which nobody holds. */
function findUnkept({ db }: Worker): Promise<{ environmentId: string }[]> {
  return db.$queryRaw`
    select distinct r."environmentId" from "Instance" i
    join "Release" r on r."id" = i."releaseId"
    left join "RuntimeLog" l on l."environmentId" = r."environmentId" and l."expiresAt" > now()
    left join "RuntimeLogPosition" p on p."environmentId" = r."environmentId" and p."instance" = i."name"
    where l."environmentId" is null and (i."status" = 'running' or (p."instance" is not null and p."endedAt" is null))`;
}
