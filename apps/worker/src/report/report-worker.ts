import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "../wiring.ts";

const REPORT_EVERY_MS = 10_000;

/** Tells the console, while this worker lives, what it can run. */
export async function reportWorker(worker: Worker, docker: () => { available: boolean; note: string }): Promise<void> {
  const { db, holder, shutdown, log } = worker;
  await db.workerReport.deleteMany({ where: { seenAt: { lt: new Date(Date.now() - 24 * 3600_000) } } });
  while (!shutdown.aborted) {
    const { available, note } = docker();
    const report = { docker: available, detail: { docker: note }, seenAt: new Date() };
    await db.workerReport
      .upsert({ where: { holder }, create: { holder, ...report }, update: report })
      .catch((error: unknown) => log.warn({ err: error }, "report not written"));
    await sleep(REPORT_EVERY_MS, undefined, { signal: shutdown }).catch(() => {});
  }
  await db.workerReport.deleteMany({ where: { holder } }).catch(() => {});
}
