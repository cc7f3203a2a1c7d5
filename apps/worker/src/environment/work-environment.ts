import { runDeployment } from "../deployment/run-deployment.ts";
import { acquireLease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

/**
 * Works off what an environment has to do, oldest first, while nobody else does. The rows are the truth: a job only
 * wakes us, so a lost or doubled job loses nothing. Returns whether something may be left.
 */
export async function workEnvironment(worker: Worker, environmentId: string): Promise<void> {
  while (!worker.shutdown.aborted && (await nextDeployment(worker, environmentId))) {
    const lease = await acquireLease(worker.db, environmentId, worker.holder, worker.leaseMs);
    // Whoever holds it looks for more work after letting go, and the sweep comes after one that died.
    if (!lease) return;
    try {
      for (;;) {
        const next = await nextDeployment(worker, environmentId);
        if (!next || lease.lost.aborted || worker.shutdown.aborted) break;
        await runDeployment(worker, lease, next);
      }
    } finally {
      await lease
        .release()
        .catch((error: unknown) => worker.log.warn({ err: error, environmentId }, "lease not released"));
    }
  }
}

/** The deployment that a worker left behind comes first, then the oldest that waits. */
async function nextDeployment({ db }: Worker, environmentId: string): Promise<string | undefined> {
  const rows = await db.deployment.findMany({
    where: { environmentId, status: { in: ["queued", "running"] } },
    orderBy: [{ status: "desc" }, { id: "asc" }],
    take: 1,
    select: { id: true },
  });
  return rows[0]?.id;
}
