import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "../wiring.ts";
import { workEnvironment } from "./work-environment.ts";

const SWEEP_EVERY_MS = 1000;

/**
 * Finds environments with work that nobody holds: their worker died, or their job was lost. Jobs are announced by
 * notification; this is only for what no notification tells.
 */
export async function sweepAbandoned(worker: Worker): Promise<void> {
  const busy = new Set<string>();
  while (!worker.shutdown.aborted) {
    try {
      for (const { environmentId } of await findAbandoned(worker)) {
        if (busy.has(environmentId)) continue;
        busy.add(environmentId);
        workEnvironment(worker, environmentId)
          .catch((error: unknown) => worker.log.error({ err: error, environmentId }, "taking over failed"))
          .finally(() => busy.delete(environmentId));
      }
    } catch (error) {
      worker.log.warn({ err: error }, "sweep failed");
    }
    await sleep(SWEEP_EVERY_MS, undefined, { signal: worker.shutdown }).catch(() => {});
  }
}

/** A queued one gets a moment: its job is on the way. */
function findAbandoned({ db }: Worker): Promise<{ environmentId: string }[]> {
  return db.$queryRaw`
    select distinct d."environmentId" from "Deployment" d
    left join "Lease" l on l."environmentId" = d."environmentId" and l."expiresAt" > now()
    where l."environmentId" is null
      and (d."status" = 'running' or (d."status" = 'queued' and d."queuedAt" < now() - interval '2 seconds'))
    limit 20`;
}
