import { setTimeout as sleep } from "node:timers/promises";
import { toDomainError } from "@windlass/domain";
import { runDeployment } from "../deployment/run-deployment.ts";
import { followHold } from "../environment/apply-hold.ts";
import type { Worker } from "../wiring.ts";
import { type Taken, takeNext } from "./take-next.ts";

/** A lease that ran out tells nobody: this often somebody looks. */
const LOOK_EVERY_MS = 1000;
const PAUSE_AFTER_FAILURE_MS = 1000;

export interface QueueWork {
  /** Something may have come into the line. */
  wake(): void;
  /** Resolves when the worker has shut down and let go of everything it had. */
  done: Promise<void>;
}

/**
 * Works off the queue: takes the next deployment as often as there is a free place, at each notification that something
 * came or ended. What dead workers left behind was admitted before: it may take as many places again.
 */
export function workQueue(worker: Worker): QueueWork {
  const { shutdown, log, places } = worker;
  const atWork = new Set<Promise<void>>();
  let taking: Promise<void> | undefined;
  let isAsked = false;

  const takeAll = async (): Promise<void> => {
    while (isAsked && !shutdown.aborted) {
      isAsked = false;
      try {
        for (;;) {
          if (atWork.size >= 2 * places.environments) break;
          const taken = await takeNext(worker, { hasPlace: atWork.size < places.environments });
          if (!taken) break;
          const work = workOff(worker, taken).finally(() => {
            atWork.delete(work);
            wake();
          });
          atWork.add(work);
        }
      } catch (error) {
        log.warn({ err: error }, "could not look into the queue");
      }
    }
  };
  const wake = (): void => {
    if (shutdown.aborted) return;
    isAsked = true;
    taking ??= takeAll().finally(() => {
      taking = undefined;
      if (isAsked) wake();
    });
  };

  const listen = async (): Promise<void> => {
    const watch = worker.live.watch(["queue"], shutdown);
    while (await watch.next()) wake();
  };
  const look = async (): Promise<void> => {
    while (!shutdown.aborted) {
      wake();
      await sleep(LOOK_EVERY_MS, undefined, { signal: shutdown }).catch(() => {});
    }
  };
  const work = async (): Promise<void> => {
    await Promise.all([listen(), look()]);
    await taking;
    await Promise.all(atWork);
  };
  return { wake, done: work() };
}

/** Brings one deployment to its end, and lets go of its environment. */
async function workOff(worker: Worker, taken: Taken): Promise<void> {
  const { deploymentId, lease } = taken;
  const { log, shutdown } = worker;
  using _ = followHold(worker, lease);
  try {
    await runDeployment(worker, taken);
  } catch (error) {
    if (toDomainError(error).code !== "lease_lost") {
      log.error({ err: error, deploymentId }, "deployment could not be worked on");
      await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { signal: shutdown }).catch(() => {});
    }
  } finally {
    await lease.release().catch((error: unknown) => log.warn({ err: error, deploymentId }, "lease not released"));
  }
}
