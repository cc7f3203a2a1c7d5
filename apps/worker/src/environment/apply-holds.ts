import { setTimeout as sleep } from "node:timers/promises";
import { acquireLease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import { applyHold } from "./apply-hold.ts";

/** When the environment is being worked on by someone else, or the router does not answer. */
const AGAIN_MS = 1000;

/** Applies the holds of environments that nobody works on, as soon as they are announced. */
export async function applyHolds(worker: Worker): Promise<void> {
  const watch = worker.live.watch(["hold"], worker.shutdown);
  while (!worker.shutdown.aborted && (await watch.next())) {
    while (!worker.shutdown.aborted && !(await applyWaiting(worker))) {
      await sleep(AGAIN_MS, undefined, { signal: worker.shutdown }).catch(() => {});
    }
  }
}

/** False when something is left to be tried again. */
async function applyWaiting(worker: Worker): Promise<boolean> {
  try {
    const waiting = await worker.db.$queryRaw<{ id: string }[]>`
      select "id" from "Environment" where "holdApplied" <> "holdVersion" limit 50`;
    const outcomes = await Promise.all(waiting.map(({ id }) => applyWhenFree(worker, id)));
    return outcomes.every((isDone) => isDone);
  } catch (error) {
    worker.log.warn({ err: error }, "looking for holds failed");
    return false;
  }
}

async function applyWhenFree(worker: Worker, environmentId: string): Promise<boolean> {
  try {
    const lease = await acquireLease(worker.db, environmentId, worker.holder, worker.leaseMs);
    if (!lease) return false;
    try {
      await applyHold(worker, lease);
    } finally {
      await lease.release();
    }
  } catch (error) {
    worker.log.warn({ err: error, environmentId }, "hold not applied yet");
    return false;
  }
  return true;
}
