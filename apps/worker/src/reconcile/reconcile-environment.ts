import { acquireLease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import type { RestartCount } from "./count-restarts.ts";
import { findDifferences } from "./find-differences.ts";
import { noteFindings } from "./note-findings.ts";
import { repair } from "./repair.ts";

/**
 * Compares an environment with what its rows say and sets right what differs. A look needs no lease and is all there is
 * when nothing differs; what is to be changed is looked at again under the lease, while no deployment runs. Returns when
 * to come again before the next round, or null.
 */
export async function reconcileEnvironment(
  worker: Worker,
  environmentId: string,
  restarts: RestartCount,
): Promise<Date | null> {
  const { db } = worker;
  if (await isDeploying(worker, environmentId)) return null;
  const look = async () => {
    const table = await worker.router.table({ service: environmentId }).catch(() => null);
    return findDifferences(worker, environmentId, table, restarts);
  };
  const first = await look();
  const open = await db.finding.findMany({ where: { environmentId, endedAt: null } });
  const isKnown = first.every(({ kind, subject }) => open.some((row) => row.kind === kind && row.subject === subject));
  const due = open.filter(({ state }) => state !== "noted").sort(byNextTry)[0]?.nextTryAt ?? null;
  const isWaiting = isKnown && first.length === open.length && (due === null || due > new Date());
  if (isWaiting) return due;

  const lease = await acquireLease(db, environmentId, worker.holder, worker.leaseMs);
  if (!lease) return new Date(Date.now() + worker.leaseMs);
  try {
    if (await isDeploying(worker, environmentId)) return null;
    const differences = await look();
    const environment = await db.environment.findUniqueOrThrow({ where: { id: environmentId } });
    const noted = await lease.write((tx) => noteFindings(tx, environment, differences));
    for (const one of noted) {
      if (worker.shutdown.aborted) break;
      if (one.row.nextTryAt <= new Date()) await repair(worker, lease, one);
    }
    const left = await db.finding.findFirst({
      where: { environmentId, endedAt: null, state: { not: "noted" } },
      orderBy: { nextTryAt: "asc" },
    });
    // What was repaired is looked at once more.
    return left?.nextTryAt ?? (noted.length > 0 ? new Date(Date.now() + 2000) : null);
  } finally {
    await lease
      .release()
      .catch((error: unknown) => worker.log.warn({ err: error, environmentId }, "lease not released"));
  }
}

const byNextTry = (a: { nextTryAt: Date }, b: { nextTryAt: Date }): number =>
  a.nextTryAt.getTime() - b.nextTryAt.getTime();

async function isDeploying({ db }: Worker, environmentId: string): Promise<boolean> {
  return (await db.deployment.count({ where: { environmentId, status: "running" } })) > 0;
}
