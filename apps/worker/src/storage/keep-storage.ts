import { setTimeout as sleep } from "node:timers/promises";
import { writeAudit } from "@windlass/api/operations";
import type { Worker } from "../wiring.ts";
import { cleanUp } from "./clean-up.ts";
import { describeRemoved } from "./describe-removed.ts";
import { runCleanUps } from "./run-clean-ups.ts";
import { takePicture } from "./take-picture.ts";

const ROUND_EVERY_MS = 3600_000;
/** A worker that starts has better things to do first. */
const FIRST_LOOK_AFTER_MS = 5000;
/** Reports of servers that are no more */
const FORGOTTEN_AFTER_DAYS = 7;
const SYSTEM = { kind: "system", id: null, name: "Windlass" } as const;

/**
 * Tells what this server's disks hold, carries out the clean-ups that people ask for, and removes every hour what is past
 * its bounds. What is only filled again when it is needed stays, until somebody wants it gone or the disk is short.
 */
export async function keepStorage(worker: Worker): Promise<void> {
  const { shutdown, log } = worker;
  const watch = worker.live.watch(["storage-work"], shutdown);
  let roundAt = Date.now() + ROUND_EVERY_MS;
  let firstLookAt = Date.now() + FIRST_LOOK_AFTER_MS;
  while (!shutdown.aborted) {
    try {
      const hasCleaned = await runCleanUps(worker);
      const isRound = Date.now() >= roundAt;
      if (isRound) {
        roundAt = Date.now() + ROUND_EVERY_MS;
        await removePastBounds(worker);
      }
      const isFirst = Date.now() >= firstLookAt;
      if (isFirst || hasCleaned || isRound || (await isAsked(worker))) await report(worker);
      if (isFirst) firstLookAt = Number.POSITIVE_INFINITY;
    } catch (error) {
      if (!shutdown.aborted) log.warn({ err: error }, "could not look after the disks");
    }
    // A worker that died in the middle of a clean-up tells nobody.
    await Promise.race([watch.next(), sleep(worker.leaseMs, undefined, { signal: shutdown }).catch(() => {})]);
  }
}

async function isAsked({ db, server }: Worker): Promise<boolean> {
  const asked = await db.$queryRaw<unknown[]>`
    select 1 from "StorageReport" where "server" = ${server} and "askedAt" > "takenAt"`;
  return asked.length > 0;
}

async function report(worker: Worker): Promise<void> {
  const { db, server } = worker;
  // The time at which it began: what is asked meanwhile wants a newer one.
  const [began] = await db.$queryRaw<{ at: Date }[]>`select clock_timestamp() as "at"`;
  const picture = await takePicture(worker);
  const row = { picture, takenAt: began?.at ?? new Date() };
  await db.storageReport.upsert({ where: { server }, create: { server, ...row }, update: row });
  const long = new Date(Date.now() - FORGOTTEN_AFTER_DAYS * 86_400_000);
  await db.storageReport.deleteMany({ where: { takenAt: { lt: long } } });
}

async function removePastBounds(worker: Worker): Promise<void> {
  const { removable } = await takePicture(worker);
  const due = removable.filter(({ reason }) => reason !== "filled_again");
  const outcomes = await cleanUp(worker, due, { own: null, signal: worker.shutdown });
  const removed = outcomes.filter(({ isRemoved }) => isRemoved);
  if (removed.length === 0) return;
  await worker.db.$transaction((tx) =>
    writeAudit(tx, SYSTEM, {
      teamId: null,
      action: "storage.cleaned_up",
      subject: `server:${worker.server}`,
      detail: describeRemoved(removed),
    }),
  );
  worker.log.info(describeRemoved(removed), "removed what was past its bounds");
}
