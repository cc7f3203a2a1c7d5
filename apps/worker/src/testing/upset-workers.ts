import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@windlass/db";
import type { Random } from "./random.ts";

/** A worker to which can happen what happens to machines. */
export interface MortalWorker {
  /** A part of what its leases name as their holder, and no other worker's */
  holder: string;
  kill(): Promise<void> | void;
  /** Resolves when it stands still */
  freeze(): Promise<void> | void;
  thaw(): void;
  /** As SIGTERM: resolves once everything was handed over */
  stop(): Promise<void>;
}

export interface UpsetOptions {
  db: Database;
  leaseMs: number;
  workers: number;
  /** At least this long between two blows, and at most as long again */
  everyMs: number;
  start(): Promise<MortalWorker> | MortalWorker;
  until: AbortSignal;
}

/** A pause of this share of freezes ends before anybody has noticed */
const SHORT_FREEZES = 0.25;
/** Of the others this share ends right after another worker took over, so that both are at it at once; the rest later */
const QUICK_THAWS = 0.5;
const QUICK_THAW_MS = 100;

/**
 * Keeps some workers at work, and kills, freezes or replaces one after the other. A frozen one mostly wakes up just after
 * another took over what it had. Once `until` aborts, resolves when all are awake, with what befell them.
 */
export async function upsetWorkers(random: Random, options: UpsetOptions) {
  const { db, leaseMs, everyMs, start, until } = options;
  const did = { killed: 0, frozen: 0, overtaken: 0, handedOver: 0 };
  const workers = await Promise.all(Array.from({ length: options.workers }, start));
  const ending: Promise<unknown>[] = [];

  const freeze = async (worker: MortalWorker): Promise<void> => {
    did.frozen++;
    await worker.freeze();
    if (random.chance(SHORT_FREEZES)) await sleep(random.below(leaseMs));
    else if (await isOvertaken(db, worker.holder, leaseMs)) {
      did.overtaken++;
      await sleep(random.below(random.chance(QUICK_THAWS) ? QUICK_THAW_MS : leaseMs / 2));
    }
    worker.thaw();
  };
  const replace = async (index: number, end: () => Promise<void> | void): Promise<void> => {
    ending.push(Promise.resolve(end()));
    workers[index] = await start();
  };

  /** One blow for each worker at a time; a frozen one counts as at work. */
  const busy = new Set<number>();
  while (!until.aborted) {
    await sleep(everyMs + random.below(everyMs), undefined, { signal: until }).catch(() => {});
    const index = random.below(workers.length);
    const worker = workers[index];
    const blow = random.below(4);
    if (!worker || until.aborted || busy.has(index)) continue;
    busy.add(index);
    const strike = async (): Promise<void> => {
      if (blow === 0) {
        did.killed++;
        await replace(index, () => worker.kill());
      } else if (blow === 1) {
        did.handedOver++;
        await replace(index, () => worker.stop());
      } else await freeze(worker);
      busy.delete(index);
    };
    ending.push(strike());
  }
  while (ending.length > 0) await ending.shift();
  return { did, stop: async () => void (await Promise.all(workers.map((worker) => worker.stop()))) };
}

/** Resolves when another worker took one of the environments that this one has; false when it has none, or nobody comes. */
async function isOvertaken(db: Database, holder: string, leaseMs: number): Promise<boolean> {
  const held = await db.lease.findMany({ where: { holder: { contains: holder }, deploymentId: { not: null } } });
  const ids = held.map(({ environmentId }) => environmentId);
  const tokens = new Map(held.map(({ environmentId, fencingToken }) => [environmentId, fencingToken]));
  for (const deadline = performance.now() + 3 * leaseMs; performance.now() < deadline; await sleep(leaseMs / 40)) {
    const now = await db.lease.findMany({ where: { environmentId: { in: ids } } });
    const stillHeld = now.filter((row) => row.fencingToken === tokens.get(row.environmentId));
    if (stillHeld.length < held.length) return true;
    if (held.length === 0) return false;
  }
  return false;
}
