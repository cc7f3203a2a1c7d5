import { writeAudit } from "@windlass/api/operations";
import { CleanUpItem, type CleanUpOutcome, toDomainError } from "@windlass/domain";
import type { Worker } from "../wiring.ts";
import { cleanUp } from "./clean-up.ts";
import { describeRemoved } from "./describe-removed.ts";

interface Taken {
  id: string;
  items: unknown;
  actorKind: "user" | "token" | "system";
  actorId: string | null;
  actorName: string;
}

const RENEWALS_PER_TTL = 4;

/** Carries out what people asked for on this server, and what a dead worker left half done. True when there was something. */
export async function runCleanUps(worker: Worker): Promise<boolean> {
  let hasCleaned = false;
  for (let taken = await take(worker); taken && !worker.shutdown.aborted; taken = await take(worker)) {
    await run(worker, taken);
    hasCleaned = true;
  }
  return hasCleaned;
}

async function take({ db, server, holder, leaseMs }: Worker): Promise<Taken | undefined> {
  const [taken] = await db.$queryRaw<Taken[]>`
    update "CleanUp" set "status" = 'running', "holder" = ${holder}, "expiresAt" = now() + ${leaseMs} * interval '1 millisecond'
    where "id" = (
      select "id" from "CleanUp"
      where "server" = ${server} and "status" <> 'ended' and ("status" = 'waiting' or "expiresAt" < now())
      order by "id" limit 1 for update skip locked
    ) returning "id", "items", "actorKind", "actorId", "actorName"`;
  return taken;
}

async function run(worker: Worker, { id, items: json, ...actor }: Taken): Promise<void> {
  const { db, holder, leaseMs, shutdown, server, log } = worker;
  const items = CleanUpItem.array().parse(json);
  const lost = new AbortController();
  const own = { id, holder, status: "running" } as const;
  const renew = async () => {
    const renewed = await db.$executeRaw`
      update "CleanUp" set "expiresAt" = now() + ${leaseMs} * interval '1 millisecond'
      where "id" = ${id}::uuid and "holder" = ${holder} and "status" = 'running'`;
    if (renewed === 0) lost.abort();
  };
  const renewal = setInterval(() => void renew().catch(() => {}), leaseMs / RENEWALS_PER_TTL);
  try {
    const signal = AbortSignal.any([shutdown, lost.signal]);
    const outcomes = await cleanUp(worker, items, { own: null, signal }).catch((error: unknown): CleanUpOutcome[] => {
      if (signal.aborted) throw error;
      log.warn({ err: error }, "clean-up failed");
      return items.map((item) => ({ ...item, isRemoved: false, kept: toDomainError(error).message }));
    });
    // The next worker goes on with it.
    if (signal.aborted) return void (await db.cleanUp.updateMany({ where: own, data: { expiresAt: new Date(0) } }));
    const removed = outcomes.filter(({ isRemoved }) => isRemoved);
    await db.$transaction(async (tx) => {
      const data = { status: "ended", outcomes, endedAt: new Date() } as const;
      const { count } = await tx.cleanUp.updateMany({ where: own, data });
      if (count === 0) return;
      const { actorKind: kind, actorId, actorName: name } = actor;
      const doer = kind === "system" || actorId === null ? ({ kind: "system", id: null, name } as const) : null;
      await writeAudit(tx, doer ?? { kind: kind as "user" | "token", id: actorId ?? "", name }, {
        teamId: null,
        action: "storage.cleaned_up",
        subject: `server:${server}`,
        detail: describeRemoved(removed),
      });
    });
    log.info({ cleanUpId: id, removed: removed.length }, "clean-up ended");
  } finally {
    clearInterval(renewal);
  }
}
