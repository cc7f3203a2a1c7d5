import type { Transaction } from "@windlass/db";
import { ENVIRONMENT_QUEUE, type EnvironmentJob, SOURCE_CHECK_QUEUE, type SourceJob } from "@windlass/domain";
import { fromPrisma, PgBoss } from "pg-boss";

/** Enqueues in the caller's transaction: a row without its job, or a job without its row, cannot exist. */
export interface Queue {
  wakeEnvironment(tx: Transaction, job: EnvironmentJob): Promise<void>;
  askAboutSource(tx: Transaction, job: SourceJob): Promise<void>;
  stop(): Promise<void>;
}

/** A job is a wake-up and over at once; one that is lost is made up for by the worker's own look. */
export const ENVIRONMENT_QUEUE_OPTIONS = {
  policy: "standard",
  notify: true,
  retryLimit: 0,
  expireInSeconds: 60,
  deleteAfterSeconds: 600,
} as const;

export const SOURCE_CHECK_QUEUE_OPTIONS = {
  policy: "standard",
  notify: true,
  retryLimit: 0,
  expireInSeconds: 120,
  deleteAfterSeconds: 600,
} as const;

/** Opens pg-boss for sending: it neither supervises nor schedules, which the worker does. */
export async function openQueue(databaseUrl: string): Promise<Queue> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: 3, supervise: false, schedule: false });
  // Without a listener an error would end the process; pg reconnects by itself, and a failed send rejects by itself.
  boss.on("error", () => {});
  await boss.start();
  await createQueues(boss);
  return queueOver(boss);
}

/** A queue over a pg-boss that its owner starts. */
export function queueOver(boss: PgBoss): Queue {
  return {
    async wakeEnvironment(tx, job) {
      await boss.send(ENVIRONMENT_QUEUE, job, { db: fromPrisma(tx) });
    },
    async askAboutSource(tx, job) {
      await boss.send(SOURCE_CHECK_QUEUE, job, { db: fromPrisma(tx) });
    },
    async stop() {
      await boss.stop({ graceful: false });
    },
  };
}

/** Makes the queues when they do not exist; safe from several processes at once. */
export async function createQueues(boss: PgBoss): Promise<void> {
  await boss.createQueue(ENVIRONMENT_QUEUE, ENVIRONMENT_QUEUE_OPTIONS);
  await boss.createQueue(SOURCE_CHECK_QUEUE, SOURCE_CHECK_QUEUE_OPTIONS);
}
