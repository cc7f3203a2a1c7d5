import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeWorld, type World } from "../testing/fake-world.ts";
import { judgeHistories, recordHistory } from "../testing/judge-history.ts";
import { stopTimersOfTheFrozen } from "../testing/mortality.ts";
import { commitOf, shaOf } from "../testing/numbered-commits.ts";
import { createRandom, type Random } from "../testing/random.ts";
import { skewClocks } from "../testing/skew-clock.ts";
import { tellHistory } from "../testing/tell-history.ts";
import { upsetWorkers } from "../testing/upset-workers.ts";

// Random histories of many environments at once: pushes, forced pushes, older commits, redeploys, rollbacks and cancels,
// while the workers that work them off die, freeze, hand over and have wrong clocks. What is asked, and what befalls the
// workers, follows from the seed; how it interleaves does not. `SEED=… HISTORIES=… npx vitest run …/order` makes it again.

const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const HISTORIES = Number(process.env.HISTORIES ?? 1000);
const TEAMS = 5;
const WORKERS = 5;
const LEASE_MS = 4000;
const PLACES = { environments: 8, perTeam: 6, builds: 8 };
/** Histories that go on at the same time */
const AT_ONCE = 40;
const PAUSE_MS = 300;
const LONGEST_SKEW_MS = 3600_000;
/** What has not ended by then is told as a fault */
const HISTORY_LIMIT_MS = 240_000;
const LIMIT_MS = 900_000;

let world: World;
let restore: (() => void)[];

beforeAll(async () => {
  restore = [skewClocks(), stopTimersOfTheFrozen()];
  world = await makeWorld(createRandom(SEED), LEASE_MS);
  await recordHistory(world.ctx.db);
});
afterAll(async () => {
  await world.close();
  for (const one of restore) one();
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
    const random = createRandom(SEED);
    const fate = upsetWorkers(random, {
      db,
      leaseMs: LEASE_MS,
      workers: WORKERS,
      everyMs: LEASE_MS / 6,
      start: () => world.startWorker(PLACES, random.below(2 * LONGEST_SKEW_MS) - LONGEST_SKEW_MS),
      until: over.signal,
    });
    const left = Array.from({ length: HISTORIES }, (_, n) => n);
    const tell = async () => {
      for (let n = left.shift(); n !== undefined; n = left.shift()) {
        await tellOne(createRandom(SEED + n), n, teams[n % TEAMS]?.id ?? "");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, tell));
    over.abort();
    const { did, stop } = await fate;
    await stop();

    const ended = await db.$queryRaw<{ status: string; kind: string; count: number }[]>`
    select "status", "kind", count(*)::int as "count" from "Deployment" group by 1, 2 order by 1, 2`;
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stdout.write(
      `${HISTORIES} histories in ${seconds} s, seed ${SEED}: ${ended.map((row) => `${row.count} ${row.kind} ${row.status}`).join(", ")}; workers: ${JSON.stringify(did)}\n`,
    );
    expect([...world.faults, ...(await judgeHistories(db, commitOf, world.outside))].slice(0, 20)).toEqual([]);
    expect(await world.sources()).toEqual([]);
  },
  LIMIT_MS,
);

async function tellOne(random: Random, n: number, teamId: string): Promise<void> {
  const { ctx, heads } = world;
  const { url, environment } = await world.makeEnvironment(teamId, `app-${n}`, {
    warmMinutes: random.chance(0.3) ? 10 : 0,
    instances: random.chance(0.2) ? 2 : 1,
  });
  await tellHistory(random, {
    ctx,
    environment,
    commitOf,
    push(commit) {
      heads.set(url, commit);
      return shaOf(commit);
    },
    pauseMs: PAUSE_MS,
    limitMs: HISTORY_LIMIT_MS,
  });
}
