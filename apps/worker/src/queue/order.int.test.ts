import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  cancelDeployment,
  type OperationContext,
  redeploy,
  requestDeployment,
  requestRollback,
} from "@windlass/api/operations";
import { DomainError } from "@windlass/domain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeWorker, makeWorld, type World } from "../testing/fake-world.ts";
import { judgeHistories, recordMoves } from "../testing/judge-history.ts";
import { commitOf, type NumberedCommit, shaOf } from "../testing/numbered-commits.ts";
import { createRandom, type Random } from "../testing/random.ts";
import { skewClocks } from "../testing/skew-clock.ts";

// Random histories of many environments at once: pushes, forced pushes, older commits, redeploys, rollbacks and cancels,
// while the workers that work them off die, freeze, hand over and have wrong clocks. What is asked, and what befalls the
// workers, follows from the seed; how it interleaves does not. `SEED=… HISTORIES=… npx vitest run …/order` makes it again.

const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const HISTORIES = Number(process.env.HISTORIES ?? 1000);
const TEAMS = 5;
const WORKERS = 4;
const LEASE_MS = 4000;
const PLACES = { environments: 5, perTeam: 4, builds: 6 };
/** Histories that go on at the same time */
const AT_ONCE = 24;
const MOST_EVENTS = 5;
const LONGEST_FREEZE_MS = 2 * LEASE_MS;
const LONGEST_SKEW_MS = 3600_000;
/** Prisma's code for a transaction that could not begin or end in time */
const TRANSACTION_TOO_SLOW = "P2028";
/** What has not ended by then is told as a fault */
const HISTORY_LIMIT_MS = 240_000;
const LIMIT_MS = 900_000;

let world: World;
let restoreClocks: () => void;

beforeAll(async () => {
  restoreClocks = skewClocks();
  world = await makeWorld(createRandom(SEED), LEASE_MS);
  await recordMoves(world.ctx.db);
});
afterAll(async () => {
  await world.close();
  restoreClocks();
});

it(
  `ends ${HISTORIES} random histories as they say, whatever befalls the workers (seed ${SEED})`,
  async () => {
    const { db } = world.ctx;
    const began = performance.now();
    const teams = await Promise.all(
      Array.from({ length: TEAMS }, (_, n) => db.team.create({ data: { slug: `team-${n}`, name: `Team ${n}` } })),
    );
    const over = new AbortController();
    const fate = upset(createRandom(SEED), over.signal);
    const left = Array.from({ length: HISTORIES }, (_, n) => n);
    const tell = async () => {
      for (let n = left.shift(); n !== undefined; n = left.shift()) {
        await tellHistory(createRandom(SEED + n), n, teams[n % TEAMS]?.id ?? "");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, tell));
    over.abort();
    const befell = await fate;

    const ended = await db.$queryRaw<{ status: string; kind: string; count: number }[]>`
    select "status", "kind", count(*)::int as "count" from "Deployment" group by 1, 2 order by 1, 2`;
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stdout.write(
      `${HISTORIES} histories in ${seconds} s, seed ${SEED}: ${ended.map((row) => `${row.count} ${row.kind} ${row.status}`).join(", ")}; workers: ${JSON.stringify(befell)}\n`,
    );
    expect([...world.faults, ...(await judgeHistories(db, world.outside))].slice(0, 20)).toEqual([]);
    expect(await world.sources()).toEqual([]);
  },
  LIMIT_MS,
);

/** Keeps some workers at work, and does to them what happens to machines. Resolves with what it did. */
async function upset(random: Random, until: AbortSignal) {
  const did = { killed: 0, frozen: 0, handedOver: 0 };
  const start = () => world.startWorker(PLACES, random.below(2 * LONGEST_SKEW_MS) - LONGEST_SKEW_MS);
  const workers: FakeWorker[] = Array.from({ length: WORKERS }, start);
  const thawing: Promise<void>[] = [];
  while (!until.aborted) {
    await sleep(LEASE_MS / 4 + random.below(LEASE_MS), undefined, { signal: until }).catch(() => {});
    const index = random.below(WORKERS);
    const worker = workers[index];
    if (!worker || until.aborted) break;
    const fate = random.below(3);
    if (fate === 0) {
      did.killed++;
      worker.mortality.kill();
      workers[index] = start();
    } else if (fate === 1) {
      did.frozen++;
      worker.mortality.freeze();
      const thaw = async () => {
        await sleep(random.below(LONGEST_FREEZE_MS));
        worker.mortality.thaw();
      };
      thawing.push(thaw());
    } else {
      did.handedOver++;
      workers[index] = start();
      thawing.push(worker.stop());
    }
  }
  await Promise.all(thawing);
  await Promise.all(workers.map((worker) => worker.stop()));
  return did;
}

/** One environment's history: some events, then nothing until everything has ended. */
async function tellHistory(random: Random, n: number, teamId: string): Promise<void> {
  const { ctx, heads } = world;
  const { url, environment } = await world.makeEnvironment(teamId, `app-${n}`, {
    warmMinutes: random.chance(0.3) ? 10 : 0,
    instances: random.chance(0.2) ? 2 : 1,
  });
  const { id } = environment;
  let head: NumberedCommit = { line: 0, place: 1, isBroken: false };
  const push = (change: Partial<NumberedCommit>) => {
    head = { ...head, ...change };
    heads.set(url, head);
    return ask("main");
  };
  const ask = (ref: string, allowOlder = false) =>
    requestDeployment(ctx, { environment, kind: "deploy", ref, trigger: "test", allowOlder });

  /** Mostly once there is something to go back to */
  const afterwards = (event: () => Promise<unknown>) => async () => {
    if (random.chance(0.7)) await untilEnded(id);
    await event();
  };
  const events: [number, () => Promise<unknown>][] = [
    [8, () => push({ place: head.place + 1, isBroken: random.chance(0.1) })],
    [1, () => push({ line: head.line + 1, isBroken: false })],
    [2, () => ask(shaOf({ ...head, isBroken: false, place: 1 + random.below(head.place) }), random.chance(0.4))],
    [4, afterwards(() => rollBack(random, id, random.chance(0.2)))],
    [2, afterwards(() => redeployOne(random, id))],
    [4, () => cancelOne(random, id)],
    [5, () => untilEnded(id)],
  ];
  const deck = events.flatMap(([weight, event]) => Array.from({ length: weight }, () => event));
  await ask("main").catch(isRefusal);
  for (let event = random.below(MOST_EVENTS); event > 0; event--) {
    await sleep(random.below(random.chance(0.5) ? 20 : 300));
    await random.pick(deck)?.().catch(isRefusal);
  }
  await untilEnded(id);
}

/** What is refused with a word, or what a starved machine did not get through and took back, is no part of the history. */
function isRefusal(error: unknown): void {
  const { code } = error as { code?: string };
  const isRefused = error instanceof DomainError && ["conflict", "not_found", "throttled"].includes(error.code);
  if (!isRefused && code !== TRANSACTION_TOO_SLOW) throw error;
}

async function rollBack(random: Random, environmentId: string, isByWindlass: boolean): Promise<void> {
  const { ctx } = world;
  const environment = await ctx.db.environment.findUniqueOrThrow({ where: { id: environmentId } });
  const release = random.pick(await ctx.db.release.findMany({ where: { environmentId }, orderBy: { number: "asc" } }));
  const by: OperationContext = isByWindlass ? { ...ctx, actor: { kind: "system", id: null, name: "Windlass" } } : ctx;
  if (release) await requestRollback(by, environment, release.id, "test");
}

async function redeployOne(random: Random, environmentId: string): Promise<void> {
  const { ctx } = world;
  const rows = await ctx.db.deployment.findMany({
    where: { environmentId, endedAt: { not: null }, commitSha: { not: null } },
    include: { environment: true },
    orderBy: { number: "asc" },
  });
  const one = random.pick(rows.filter(({ commitSha }) => !commitOf(commitSha ?? "").isBroken));
  if (one) await redeploy(ctx, one, { trigger: "test", allowOlder: random.chance(0.5) });
}

async function cancelOne(random: Random, environmentId: string): Promise<void> {
  const active = await world.ctx.db.deployment.findMany({
    where: { environmentId, endedAt: null },
    orderBy: { number: "asc" },
  });
  const one = random.pick(active);
  if (one) await cancelDeployment(world.ctx, one);
}

async function untilEnded(environmentId: string): Promise<void> {
  const watch = world.ctx.live.watch([`environment:${environmentId}`], AbortSignal.timeout(HISTORY_LIMIT_MS));
  while (await watch.next()) {
    if ((await world.ctx.db.deployment.count({ where: { environmentId, endedAt: null } })) === 0) break;
  }
  watch.close();
}
