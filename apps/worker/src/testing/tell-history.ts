import { setTimeout as sleep } from "node:timers/promises";
import {
  cancelDeployment,
  type OperationContext,
  redeploy,
  requestDeployment,
  requestRollback,
} from "@windlass/api/operations";
import { DomainError } from "@windlass/domain";
import type { NumberedCommit } from "./numbered-commits.ts";
import type { Random } from "./random.ts";

const MOST_EVENTS = 5;
/** Prisma's code for a transaction that could not begin or end in time */
const TRANSACTION_TOO_SLOW = "P2028";

/** An environment whose history can be told, on fake ports or on real ones. */
export interface HistoryPlace {
  ctx: OperationContext;
  environment: { id: string; teamId: string; slug: string };
  /** Puts its branch on this commit, and says which that is. */
  push(commit: NumberedCommit): Promise<string> | string;
  commitOf(sha: string): NumberedCommit;
  /** At most this long between two events */
  pauseMs: number;
  /** What has not ended by then is left, and told as a fault by the judge */
  limitMs: number;
}

/** One environment's history: some events, then nothing until everything has ended. */
export async function tellHistory(random: Random, place: HistoryPlace): Promise<void> {
  const { ctx, environment, commitOf, pauseMs } = place;
  const pushed: { sha: string; commit: NumberedCommit }[] = [];
  let head: NumberedCommit = { line: 0, place: 0, isBroken: false };
  const push = async (change: Partial<NumberedCommit>) => {
    head = { ...head, isBroken: false, ...change };
    pushed.push({ sha: await place.push(head), commit: head });
    return ask("main");
  };
  const ask = (ref: string, allowOlder = false) =>
    requestDeployment(ctx, { environment, kind: "deploy", ref, trigger: "test", allowOlder });
  const older = async () => {
    const one = random.pick(pushed.filter(({ commit }) => commit.line === head.line && !commit.isBroken));
    if (one) await ask(one.sha, random.chance(0.4));
  };

  /** Mostly once there is something to go back to */
  const afterwards = (event: () => Promise<unknown>) => async () => {
    if (random.chance(0.7)) await untilEnded(place);
    await event();
  };
  const events: [number, () => Promise<unknown>][] = [
    [8, () => push({ place: head.place + 1, isBroken: random.chance(0.15) })],
    [1, () => push({ line: head.line + 1, place: 1 })],
    [2, older],
    [4, afterwards(() => rollBack(random, place, random.chance(0.2)))],
    [2, afterwards(() => redeployOne(random, place, commitOf))],
    [4, () => cancelOne(random, place)],
    [5, () => untilEnded(place)],
  ];
  const deck = events.flatMap(([weight, event]) => Array.from({ length: weight }, () => event));
  await push({ place: 1 }).catch(isRefusal);
  for (let event = random.below(MOST_EVENTS); event > 0; event--) {
    await sleep(random.below(random.chance(0.5) ? 20 : pauseMs));
    await random.pick(deck)?.().catch(isRefusal);
  }
  await untilEnded(place);
}

/** What is refused with a word, or what a starved machine did not get through and took back, is no part of the history. */
function isRefusal(error: unknown): void {
  const { code } = error as { code?: string };
  const isRefused = error instanceof DomainError && ["conflict", "not_found", "throttled"].includes(error.code);
  if (!isRefused && code !== TRANSACTION_TOO_SLOW) throw error;
}

async function rollBack(random: Random, { ctx, environment: { id } }: HistoryPlace, isByWindlass: boolean) {
  const environment = await ctx.db.environment.findUniqueOrThrow({ where: { id } });
  const where = { environmentId: id, removedAt: null, id: { not: environment.currentReleaseId ?? id } };
  const release = random.pick(await ctx.db.release.findMany({ where, orderBy: { number: "asc" } }));
  const by: OperationContext = isByWindlass ? { ...ctx, actor: { kind: "system", id: null, name: "Windlass" } } : ctx;
  if (release) await requestRollback(by, environment, release.id, "test");
}

async function redeployOne(
  random: Random,
  { ctx, environment: { id } }: HistoryPlace,
  commitOf: HistoryPlace["commitOf"],
): Promise<void> {
  const rows = await ctx.db.deployment.findMany({
    where: { environmentId: id, endedAt: { not: null }, commitSha: { not: null } },
    include: { environment: true },
    orderBy: { number: "asc" },
  });
  const one = random.pick(rows.filter(({ commitSha }) => !commitOf(commitSha ?? "").isBroken));
  if (one) await redeploy(ctx, one, { trigger: "test", allowOlder: random.chance(0.5), rebuild: false });
}

async function cancelOne(random: Random, { ctx, environment: { id } }: HistoryPlace): Promise<void> {
  const where = { environmentId: id, endedAt: null };
  const one = random.pick(await ctx.db.deployment.findMany({ where, orderBy: { number: "asc" } }));
  if (one) await cancelDeployment(ctx, one);
}

async function untilEnded({ ctx, environment: { id }, limitMs }: HistoryPlace): Promise<void> {
  const watch = ctx.live.watch([`environment:${id}`], AbortSignal.timeout(limitMs));
  while (await watch.next()) {
    if ((await ctx.db.deployment.count({ where: { environmentId: id, endedAt: null } })) === 0) break;
  }
  watch.close();
}
