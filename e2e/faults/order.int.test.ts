import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RuntimeKind } from "@windlass/domain";
import { createRouterClient, findDockerEngine } from "@windlass/engine";
import {
  connectionName,
  createRandom,
  judgeHistories,
  type MortalWorker,
  type NumberedCommit,
  type Random,
  recordHistory,
  tellHistory,
  upsetWorkers,
} from "@windlass/worker/testing/histories";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { readHeld } from "../stack/holdings.ts";
import { type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createPatientRepository, type PatientRepository } from "../stack/test-repository.ts";

// The histories of apps/worker/src/queue/order.int.test.ts on real ports: worker processes that are killed, stopped and
// replaced and have wrong clocks, git, the router, processes and containers, and users who ask all the time.
// `SEED=… HISTORIES=… npx vitest run e2e/faults/order` makes them again.

const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const HISTORIES = Number(process.env.HISTORIES ?? 50);
/** One of so many on Docker, the others as processes */
const DOCKER_EACH = 5;
const WORKERS = 3;
const LEASE_MS = 4000;
const CONCURRENCY = 6;
const AT_ONCE = 14;
const PAUSE_MS = 1500;
const PROBE_PAUSE_MS = 150;
const LONGEST_SKEW_MS = 3600_000;
const HISTORY_LIMIT_MS = 300_000;
const LIMIT_MS = 900_000;
/** In the operator's log, with what was thrown */
const UNEXPECTED = /deployment failed unexpectedly/;
const SHIFT_CLOCK = path.join(import.meta.dirname, "../stack/shift-clock.ts");

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });
const isMissing = "problem" in engine;

let stack: Stack;
let repositories: string;
const apps: Told[] = [];

interface Told {
  app: Awaited<ReturnType<Stack["createApp"]>>;
  repository: PatientRepository;
  /** What a release answers, by its commit */
  versions: Map<string, string>;
  prober: Prober | undefined;
}

beforeAll(async () => {
  if (isMissing) return;
  repositories = mkdtempSync(path.join(tmpdir(), "windlass-e2e-order-"));
  stack = await startStack({
    runtime: "docker",
    leaseMs: LEASE_MS,
    repositories: [repositories],
    concurrency: CONCURRENCY,
  });
  await stack.worker.kill();
  await recordHistory(stack.ctx.db);
});
afterAll(async () => {
  for (const { prober } of apps) await prober?.stop();
  await stack?.stop();
  if (repositories) rmSync(repositories, { recursive: true, force: true });
});

it.skipIf(isMissing)(
  `ends ${HISTORIES} random histories on real parts as they say (seed ${SEED}) [needs docker]`,
  async () => {
    const { db } = stack.ctx;
    const began = performance.now();
    const random = createRandom(SEED);
    for (let n = 0; n < HISTORIES; n++) apps.push(await makeApp(random, n));
    const over = new AbortController();
    const fate = upsetWorkers(random, {
      db,
      leaseMs: LEASE_MS,
      workers: WORKERS,
      everyMs: 0.75 * LEASE_MS,
      start: () => startWorker(random),
      until: over.signal,
    });
    const left = apps.map((app, n) => ({ app, random: createRandom(SEED + 1 + n) }));
    const tell = async () => {
      for (let one = left.shift(); one; one = left.shift()) await tellOne(one.random, one.app);
    };
    const told = Promise.all(Array.from({ length: AT_ONCE }, tell)).finally(() => over.abort());
    const [{ did, stop }] = await Promise.all([fate, told]);
    const ended = await db.$queryRaw<{ status: string; kind: string; count: number }[]>`
      select "status", "kind", count(*)::int as "count" from "Deployment" group by 1, 2 order by 1, 2`;
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stdout.write(
      `${HISTORIES} histories on real parts in ${seconds} s, seed ${SEED}: ${ended.map((row) => `${row.count} ${row.kind} ${row.status}`).join(", ")}; workers: ${JSON.stringify(did)}\n`,
    );

    for (const { app, versions } of apps) {
      const { currentReleaseId } = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
      if (currentReleaseId) await expectTruth(stack, app, versions);
    }
    const faults = await judgeHistories(db, commitOf, lookOutside);
    const failures = apps.flatMap(({ app, prober }) =>
      (prober?.failures ?? []).map((failure) => `${app.host}: ${failure}`),
    );
    const unexpected = stack.workers.flatMap(({ output }) =>
      output.split("\n").filter((line) => UNEXPECTED.test(line)),
    );
    expect([...faults, ...failures, ...unexpected].slice(0, 20)).toEqual([]);
    const answers = apps.reduce((sum, { prober }) => sum + (prober?.answers ?? 0), 0);
    expect(answers).toBeGreaterThan(HISTORIES);
    await stop();
  },
  LIMIT_MS,
);

/** Its connections have a name that no other process's have; its clock is wrong. */
async function startWorker(random: Random): Promise<MortalWorker> {
  const name = `${stack.workers.length}`;
  const url = new URL(stack.databaseUrl);
  url.searchParams.set("application_name", connectionName(name));
  const worker = stack.addWorker(`worker ${name}`);
  await worker.start({
    DATABASE_URL: url.href,
    NODE_OPTIONS: `--import=${SHIFT_CLOCK}`,
    TEST_CLOCK_SKEW_MS: String(random.below(2 * LONGEST_SKEW_MS) - LONGEST_SKEW_MS),
  });
  return {
    holder: `:${worker.pid}:`,
    kill: () => worker.kill(),
    freeze: () => worker.freeze(),
    thaw: () => worker.thaw(),
    stop: () => worker.kill("SIGTERM"),
  };
}

const commits = new Map<string, NumberedCommit>();

function commitOf(sha: string): NumberedCommit {
  const commit = commits.get(sha);
  if (!commit) throw new Error(`Nobody pushed ${sha}.`);
  return commit;
}

async function makeApp(random: Random, n: number): Promise<Told> {
  const runtime: RuntimeKind = n % DOCKER_EACH === 0 ? "docker" : "process";
  const repository = await createPatientRepository(repositories);
  const config = faultConfig(runtime, {
    // Each worker that takes over waits anew: short enough to end between two blows.
    health: { intervalSeconds: 0.1, startPeriodSeconds: 5, timeoutSeconds: 2 },
    drainSeconds: 1,
    stopSeconds: 1,
    warmMinutes: random.chance(0.3) ? 10 : 0,
    instances: random.chance(0.2) ? 2 : 1,
  });
  const app = await stack.createApp({ name: `told-${n}`, url: repository.url, runtime, config });
  return { app, repository, versions: new Map(), prober: undefined };
}

async function tellOne(random: Random, told: Told): Promise<void> {
  const { app, repository, versions } = told;
  const over = new AbortController();
  const probing = probeOnceLive(told, over.signal);
  let { line }: Pick<NumberedCommit, "line"> = { line: 0 };
  await tellHistory(random, {
    ctx: stack.ctx,
    environment: app.environment,
    commitOf,
    async push(commit) {
      const version = `${app.host} ${commit.line}.${commit.place}`;
      const files = faultApp(version, { startMs: 0, hasBuild: false, isBroken: commit.isBroken });
      const sha = await repository.push(files, version, { startsAnew: commit.line !== line });
      line = commit.line;
      commits.set(sha, commit);
      versions.set(sha, version);
      return sha;
    },
    pauseMs: PAUSE_MS,
    limitMs: HISTORY_LIMIT_MS,
  });
  over.abort();
  await probing;
}

/** From its first release on, somebody asks for it until the test is over. */
async function probeOnceLive(told: Told, over: AbortSignal): Promise<void> {
  const { ctx, routerPort } = stack;
  const { id } = told.app.environment;
  const watch = ctx.live.watch([`environment:${id}`], over);
  while (await watch.next()) {
    const { currentReleaseId } = await ctx.db.environment.findUniqueOrThrow({ where: { id } });
    if (currentReleaseId === null) continue;
    told.prober = probeHost(routerPort, told.app.host, PROBE_PAUSE_MS);
    break;
  }
  watch.close();
}

async function lookOutside(environmentId: string) {
  const told = apps.find(({ app }) => app.environment.id === environmentId);
  const held = await readHeld({ ...stack.holdings, ...(told && { runtime: told.app.runtime }) }, environmentId);
  const { services } = await router().table({ service: environmentId });
  const addresses = services[0]?.target?.addresses ?? [];
  return {
    instances: held.instances,
    artifacts: held.releases,
    traffic: addresses.map(({ host, port }) => `${host}:${port}`),
  };
}

const router = () =>
  createRouterClient({
    controlSocket: path.join(stack.dataFolder, "router.sock"),
    entry: { host: "127.0.0.1", port: stack.routerPort },
  });
