import { setTimeout as sleep } from "node:timers/promises";
import { packLines } from "@windlass/db/runtime-log";
import type { RuntimeLogLease } from "@windlass/db/runtime-log-store";
import { openVariables, secretsIn } from "../deployment/load-release.ts";
import type { Worker } from "../wiring.ts";
import { createLineRedactor } from "./redact-lines.ts";

const LOOK_AGAIN_MS = 2000;
const PAUSE_MS = 50;
const PRUNE_EVERY_MS = 60_000;
const MEGABYTE = 1024 * 1024;
/** Above the budget by this much it is pruned before its time. */
const SLACK = 1.05;

type InstanceRow = Awaited<ReturnType<typeof readInstances>>[number];

/** Follows an environment's instances until the lease is lost, the worker shuts down, or none is left. */
export async function keepEnvironment(worker: Worker, lease: RuntimeLogLease): Promise<void> {
  const { environmentId } = lease;
  const left = AbortSignal.any([lease.lost, worker.shutdown]);
  const over = new AbortController();
  const stopped = AbortSignal.any([left, over.signal]);
  const positions = await lease.readPositions();
  const following = new Map<string, Promise<unknown>>();
  const budget = createBudget(worker, lease);
  const watch = worker.live.watch([`environment:${environmentId}`], stopped);
  let failure: unknown;
  try {
    while (!stopped.aborted && failure === undefined) {
      await budget.keep();
      const unread = [...positions].filter(([, { isEnded }]) => !isEnded).map(([name]) => name);
      for (const row of await readInstances(worker, environmentId, unread)) {
        if (following.has(row.name)) continue;
        const known = positions.get(row.name);
        const follower = followInstance(worker, lease, row, known?.isEnded ? null : (known?.position ?? null), stopped);
        const read = follower
          .then((isRead) => {
            if (isRead) positions.set(row.name, { position: null, isEnded: true });
          })
          .catch((error: unknown) => {
            failure ??= error;
          })
          // One that is gone and still said to run is not asked for at once again.
          .then(() => failure ?? sleep(LOOK_AGAIN_MS, undefined, { signal: stopped, ref: false }).catch(() => {}))
          .finally(() => following.delete(row.name));
        following.set(row.name, read);
      }
      if (following.size === 0) return;
      // Instances are announced; one that vanished without a word, or whose engine is away, is looked for again.
      await Promise.race([watch.next(), ...following.values(), sleep(LOOK_AGAIN_MS, undefined, { ref: false })]);
      // A deployment announces many things one after the other, and what an instance wrote meanwhile is not lost.
      await sleep(PAUSE_MS, undefined, { signal: stopped, ref: false }).catch(() => {});
    }
  } finally {
    // Also when the database did not answer: whoever goes on alone would miss every new instance.
    over.abort();
    watch.close();
    await Promise.all(following.values());
  }
  if (failure !== undefined && !left.aborted) throw failure;
}

function readInstances({ db }: Worker, environmentId: string, unread: string[]) {
  return db.instance.findMany({
    where: { release: { environmentId }, OR: [{ status: "running" }, { name: { in: unread } }] },
    include: { release: true },
  });
}

/** Stores what one instance writes. True when it is gone and everything of it was read. */
async function followInstance(
  worker: Worker,
  lease: RuntimeLogLease,
  { name, releaseId, release }: InstanceRow,
  after: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const adapters = worker.runtimeOf(release.runtime);
  if ("problem" in adapters) {
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {});
    return false;
  }
  const source = { instance: name, releaseId };
  const redact = createLineRedactor(secretsIn(openVariables(worker, release.variables)));
  for await (const batch of adapters.output.follow(name, after, signal)) {
    await lease.append(source, packLines(redact(batch)), batch.position);
  }
  if (signal.aborted) return false;
  await lease.end(source);
  return true;
}

/** Keeps the log within its size and age, read again with each change of the environment. */
function createBudget({ db }: Worker, lease: RuntimeLogLease) {
  let prunedAt = Number.NEGATIVE_INFINITY;
  let before = "";
  return {
    async keep(): Promise<void> {
      const row = await db.environment.findUnique({
        where: { id: lease.environmentId },
        select: { logMegabytes: true, logDays: true },
      });
      if (!row) return;
      const bytes = row.logMegabytes * MEGABYTE;
      const isDue = performance.now() - prunedAt >= PRUNE_EVERY_MS || lease.bytes > bytes * SLACK;
      const isChanged = before !== JSON.stringify(row);
      if (!isDue && !isChanged) return;
      before = JSON.stringify(row);
      prunedAt = performance.now();
      await lease.prune({ bytes, oldest: new Date(Date.now() - row.logDays * 86_400_000) });
    },
  };
}
