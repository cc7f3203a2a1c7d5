import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "../wiring.ts";

const REPORT_EVERY_MS = 10_000;

/** Tells the console, while this worker lives, what it can run. */
export async function reportWorker(worker: Worker, docker: () => { available: boolean; note: string }): Promise<void> {
  const { db, holder, shutdown, log, places, server } = worker;
  await db.$executeRaw`delete from "WorkerReport" where "seenAt" < now() - interval '1 day'`;
  while (!shutdown.aborted) {
    const { available, note } = docker();
    // The database's clock: whoever reads it asks whether it is fresh.
    await db.$executeRaw`
      insert into "WorkerReport" ("holder", "docker", "detail", "places", "teamPlaces", "server", "buildPlaces", "seenAt")
      values (${holder}, ${available}, ${{ docker: note }}::jsonb, ${places.environments}, ${places.perTeam}, ${server}, ${places.builds}, now())
      on conflict ("holder") do update
        set "docker" = excluded."docker", "detail" = excluded."detail", "seenAt" = excluded."seenAt"`.catch(
      (error: unknown) => log.warn({ err: error }, "report not written"),
    );
    await sleep(REPORT_EVERY_MS, undefined, { signal: shutdown }).catch(() => {});
  }
  await db.workerReport.deleteMany({ where: { holder } }).catch(() => {});
}
