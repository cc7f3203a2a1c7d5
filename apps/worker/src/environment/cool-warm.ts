import { setTimeout as sleep } from "node:timers/promises";
import { EnvironmentConfig } from "@windlass/domain";
import { settleAll } from "@windlass/engine";
import { saveStopped } from "../deployment/release-history.ts";
import { fenceEffects } from "../lease/fence-effects.ts";
import { acquireLease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

/** When something due could not be cooled: its environment is being worked on, or its engine does not answer. */
const AGAIN_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** For so long what is due lets deployments of its environment go first, which would wait until it has stopped. */
const YIELDING_SECONDS = 30;

/**
 * Stops the instances that stayed warm for long enough, and the oldest of them when all together have more memory than is
 * set aside. The rows say which: any worker does it, so none stays warm for ever.
 */
export async function coolWarm(worker: Worker): Promise<void> {
  await coolEnded(worker).catch((error: unknown) => worker.log.warn({ err: error }, "looking at warm releases failed"));
  // What became due during a deployment is stopped once that lets go of its lease, which is told as the queue's news.
  const watch = worker.live.watch(["warm", "queue"], worker.shutdown);
  while (!worker.shutdown.aborted) {
    let pauseMs = AGAIN_MS;
    let isHindered = false;
    try {
      const due = await findDue(worker);
      const mayCool = due.filter(({ yields }) => !yields).map((one) => one.environmentId);
      for (const environmentId of new Set(mayCool)) {
        const isDone = await coolEnvironment(worker, environmentId).catch((error: unknown) => {
          worker.log.warn({ err: error, environmentId }, "warm release could not be cooled");
          return false;
        });
        isHindered ||= !isDone;
      }
      if (due.length === 0) pauseMs = await untilNextDue(worker);
    } catch (error) {
      worker.log.warn({ err: error }, "looking for warm releases failed");
    }
    const pause = new AbortController();
    const signal = AbortSignal.any([pause.signal, worker.shutdown]);
    const pausing = sleep(pauseMs, undefined, { signal }).catch(() => {});
    // Letting go of the lease is news too: what could not be done would be tried again at once, and for ever.
    await (isHindered ? pausing : Promise.race([watch.next(), pausing]));
    pause.abort();
  }
}

/** At the worker's start, maybe the machine's too: what does not run any more is not warm. */
async function coolEnded({ db, runtimeOf }: Worker): Promise<void> {
  const rows = await db.instance.findMany({ where: { status: "warm" }, include: { release: true } });
  for (const { id, name, release } of rows) {
    const adapters = runtimeOf(release.runtime);
    if ("problem" in adapters || (await adapters.runtime.inspect(name)).state === "running") continue;
    await db.$executeRaw`update "Instance" set "warmUntil" = now() where "id" = ${id}::uuid and "status" = 'warm'`;
  }
}

interface Due {
  environmentId: string;
  name: string;
  /** A deployment waits, or is at work, and goes first; never before what is over the memory that is set aside */
  yields: boolean;
}

/** A release's instances are counted, and cooled, together. */
export const findDue = ({ db, warmMemoryMb }: Pick<Worker, "db" | "warmMemoryMb">): Promise<Due[]> =>
  db.$queryRaw`
    select "environmentId", "name",
      "warmUntil" between now() - ${YIELDING_SECONDS} * interval '1 second' and now() and exists (
        select 1 from "Deployment" d where d."environmentId" = warm."environmentId" and d."status" in ('queued', 'running')
      ) as "yields"
    from (
      select r."environmentId", i."name", i."warmUntil",
        sum((r."config" #>> '{resources,memoryMb}')::int) over (order by i."warmedAt" desc) as "memoryMb"
      from "Instance" i join "Release" r on r."id" = i."releaseId"
      where i."warmUntil" is not null
    ) warm
    where "warmUntil" <= now() or "memoryMb" > ${warmMemoryMb}`;

async function untilNextDue({ db }: Worker): Promise<number> {
  const [next] = await db.$queryRaw<{ ms: number | null }[]>`
    select (extract(epoch from min("warmUntil") - now()) * 1000)::float8 as "ms" from "Instance" where "warmUntil" is not null`;
  return Math.min(LONGEST_PAUSE_MS, Math.max(0, next?.ms ?? LONGEST_PAUSE_MS));
}

/**
 * Under the lease: no deployment is about to take what is being stopped. Letting go of it wakes who waits for it, so they
 * are stopped together. False when the engine that one runs in is away.
 */
async function coolEnvironment(worker: Worker, environmentId: string): Promise<boolean> {
  const lease = await acquireLease(worker.db, environmentId, worker.holder, worker.leaseMs);
  if (!lease) return true;
  try {
    const due = new Set((await findDue(worker)).map(({ name }) => name));
    const rows = await worker.db.instance.findMany({
      where: { status: "warm", release: { environmentId } },
      include: { release: true },
    });
    let isDone = true;
    const cooling = rows.map(async ({ name, release }) => {
      if (!due.has(name)) return;
      const adapters = worker.runtimeOf(release.runtime);
      if ("problem" in adapters) {
        isDone = false;
        return;
      }
      const { stopSeconds } = EnvironmentConfig.parse(release.config);
      await fenceEffects(adapters, lease).runtime.stop(name, stopSeconds);
      await lease.write((tx) => saveStopped(tx, name));
      worker.log.info({ environmentId, instance: name }, "warm release cooled");
    });
    await settleAll(cooling);
    return isDone;
  } finally {
    await lease.release();
  }
}
