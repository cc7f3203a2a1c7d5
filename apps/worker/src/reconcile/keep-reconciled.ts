import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeKind } from "@windlass/domain";
import type { Worker } from "../wiring.ts";
import { countRestarts } from "./count-restarts.ts";
import { reconcileEnvironment } from "./reconcile-environment.ts";
import { removeUnexplained } from "./remove-unexplained.ts";

const ROUND_EVERY_MS = 60_000;
const AT_ONCE = 4;
/** Things change together: an engine that restarts tells of each container. */
const GATHER_MS = 200;
const RETRY_AFTER_MS = 500;

export interface Reconciler {
  /** One look at every environment, repairs included; what could not be done is tried again later. */
  round(): Promise<void>;
  /** Goes on every minute, and at once when an engine or the router tells of a change. Ends at shutdown. */
  keepGoing(routerReached: AsyncIterable<void>): Promise<void>;
}

export function createReconciler(worker: Worker): Reconciler {
  const { db, log, shutdown } = worker;
  const restarts = countRestarts();
  const unexplained = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  const waiting = new Set<string>();
  let active = 0;
  let whenIdle: (() => void)[] = [];

  const later = (environmentId: string, at: Date) => {
    clearTimeout(timers.get(environmentId));
    const timer = setTimeout(() => wake(environmentId), Math.max(GATHER_MS, at.getTime() - Date.now()));
    timer.unref();
    timers.set(environmentId, timer);
  };
  const wake = (environmentId: string) => {
    waiting.add(environmentId);
    work();
  };
  const work = () => {
    for (const environmentId of waiting) {
      if (active >= AT_ONCE || shutdown.aborted) break;
      waiting.delete(environmentId);
      active++;
      void reconcileEnvironment(worker, environmentId, restarts)
        .then((again) => again && later(environmentId, again))
        .catch((error: unknown) => {
          if (!shutdown.aborted) log.warn({ err: error, environmentId }, "could not be reconciled");
        })
        .finally(() => {
          active--;
          work();
        });
    }
    if (active > 0 || (waiting.size > 0 && !shutdown.aborted)) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };

  const wakeAll = async () => {
    const rows = await db.environment.findMany({ select: { id: true } });
    for (const { id } of rows) waiting.add(id);
    work();
  };

  async function follow(kind: RuntimeKind): Promise<void> {
    let isHeard = false;
    while (!shutdown.aborted) {
      const adapters = worker.runtimeOf(kind);
      try {
        if (!("problem" in adapters)) {
          for await (const environmentId of adapters.inventory.changes(shutdown)) {
            isHeard = true;
            if (environmentId === null) await wakeAll();
            else later(environmentId, new Date());
          }
        }
      } catch (error) {
        if (!shutdown.aborted) log.warn({ err: error, runtime: kind }, "no word of changes");
        // It went away: that is written down where it concerns somebody.
        if (isHeard && !shutdown.aborted) await wakeAll().catch(() => {});
        isHeard = false;
      }
      await sleep(RETRY_AFTER_MS, undefined, { signal: shutdown }).catch(() => {});
    }
  }

  async function followRouter(reached: AsyncIterable<void>): Promise<void> {
    for await (const _ of reached) await wakeAll().catch((error: unknown) => log.warn({ err: error }, "round failed"));
  }

  async function round(): Promise<void> {
    await wakeAll();
    await new Promise<void>((resolve) => {
      whenIdle.push(resolve);
      work();
    });
  }

  async function everyMinute(): Promise<void> {
    const orWarn = (error: unknown) => log.warn({ err: error }, "round failed");
    while (!shutdown.aborted) {
      await removeUnexplained(worker, unexplained).catch(orWarn);
      await sleep(ROUND_EVERY_MS, undefined, { signal: shutdown }).catch(() => {});
      if (!shutdown.aborted) await round().catch(orWarn);
    }
  }

  return {
    round,
    async keepGoing(routerReached) {
      await Promise.all([...RuntimeKind.options.map(follow), followRouter(routerReached), everyMinute()]);
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
