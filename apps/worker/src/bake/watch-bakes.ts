import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "../wiring.ts";
import { lookAtBake } from "./look-at-bake.ts";
import { revertBake } from "./revert-bake.ts";

const LOOK_EVERY_MS = 2000;
const IDLE_MS = 30_000;

/**
 * Watches over new releases. The rows say which, and how many looks in a row were bad; each look is taken by one worker,
 * so that several do not count it twice, and a worker's death only delays the next one.
 */
export async function watchBakes(worker: Worker): Promise<void> {
  const watch = worker.live.watch(["bake"], worker.shutdown);
  while (!worker.shutdown.aborted) {
    let isIdle = false;
    try {
      const taken = await takeDue(worker);
      for (const { deploymentId, state } of taken) {
        const work = state === "reverting" ? revertBake : lookAtBake;
        await work(worker, deploymentId).catch((error: unknown) =>
          worker.log.warn({ err: error, deploymentId }, "a release could not be watched"),
        );
      }
      isIdle = taken.length === 0 && (await worker.db.bake.count({ where: { endedAt: null } })) === 0;
    } catch (error) {
      worker.log.warn({ err: error }, "watching releases failed");
    }
    const pause = new AbortController();
    const signal = AbortSignal.any([pause.signal, worker.shutdown]);
    const rest = sleep(isIdle ? IDLE_MS : LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    await (isIdle ? Promise.race([watch.next(), rest]) : rest);
    pause.abort();
  }
}

const takeDue = ({ db }: Worker): Promise<{ deploymentId: string; state: string }[]> =>
  db.$queryRaw`
    update "Bake" set "lookedAt" = now()
    where "deploymentId" in (
      select "deploymentId" from "Bake"
      where "endedAt" is null and coalesce("lookedAt", 'epoch') < now() - ${LOOK_EVERY_MS * 0.9} * interval '1 millisecond'
      order by "lookedAt" nulls first limit 50 for update skip locked
    )
    returning "deploymentId", "state"::text`;
