import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openLive } from "@windlass/api/live";
import type { OperationContext } from "@windlass/api/operations";
import { createDatabase, type Database } from "@windlass/db";
import { createCipher } from "@windlass/db/encryption";
import { openRuntimeLogStore } from "@windlass/db/runtime-log-store";
import { createTestDatabase } from "@windlass/db/testing";
import { EnvironmentConfig } from "@windlass/domain";
import { createWorkspace, type Router, type RuntimePorts, type Store } from "@windlass/engine";
import { createFakeRuntime, FakeEngine, FakeRouter } from "@windlass/engine/testing/fakes";
import type { Logger } from "pino";
import { type QueueWork, workQueue } from "../queue/work-queue.ts";
import type { Worker } from "../wiring.ts";
import { connectionName, type Outside } from "./judge-history.ts";
import { Mortality, type Point } from "./mortality.ts";
import { createNumberedRepositories, type NumberedCommit } from "./numbered-commits.ts";
import type { Random } from "./random.ts";
import { withSkew } from "./skew-clock.ts";
import type { MortalWorker } from "./upset-workers.ts";

const OWNER = "test";
const CONNECTIONS = 20;
const CONNECTIONS_OF_A_WORKER = 16;
const NOTHING: Store = { list: async () => [], remove: async () => {} };

/** Where a worker freezes: around each commit and each effect that another one could be at by the time it wakes up. */
const FREEZING_POINTS: readonly Point[] = [
  "before transaction",
  "after transaction",
  "before change",
  "after change",
  "before apply",
  "before switch",
  "after switch",
  "before build",
  "before start",
  "after start",
  "before stop",
  "after stop",
];

export type World = Awaited<ReturnType<typeof makeWorld>>;
export interface FakeWorker extends MortalWorker {
  mortality: Mortality;
}

/** One database, engine and router, and workers in this process that can die, freeze and have wrong clocks. */
export async function makeWorld(random: Random, leaseMs: number) {
  const test = await createTestDatabase();
  const db = createDatabase(test.url, CONNECTIONS);
  const live = openLive(test.url);
  const runtimeLogs = openRuntimeLogStore(test.url, 1);
  const engine = new FakeEngine();
  const router = await new FakeRouter().listen();
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-order-"));
  const heads = new Map<string, NumberedCommit>();
  const source = createNumberedRepositories(heads, async ({ isBroken }, target) => {
    const scripts = isBroken ? { build: "broken" } : {};
    await writeFile(path.join(target, "package.json"), JSON.stringify({ scripts }));
  });
  const cipher = createCipher(new Map([[1, randomBytes(32)]]));
  /** What must never be: effects of a worker that another one took over from */
  const faults: string[] = [];

  /** The engine's adapters, noting who acts on an environment that is another's. */
  function watched(holder: string): RuntimePorts {
    const ports = createFakeRuntime({ owner: OWNER, engine });
    const check = async (environmentId: string | undefined, what: string) => {
      if (environmentId === undefined) return;
      const [lease] = await db.$queryRaw<{ holder: string }[]>`
        select "holder" from "Lease" where "environmentId" = ${environmentId}::uuid`;
      if (lease && lease.holder !== holder) faults.push(`${holder} did ${what} on an environment of ${lease.holder}`);
    };
    const { builder, runtime } = ports;
    return {
      ...ports,
      builder: {
        build: async (request, context) => {
          await check(request.labels.environmentId, "build");
          await sleep(random.below(20));
          return builder.build(request, context);
        },
        remove: async (artifact) => {
          const key = artifact.kind === "image" ? artifact.tag : artifact.path;
          await check(engine.artifacts.get(key)?.labels.environmentId, "remove");
          await builder.remove(artifact);
        },
        reuse: async (artifact, labels) => {
          await check(labels.environmentId, "reuse");
          return builder.reuse(artifact, labels);
        },
        inspect: (artifact) => builder.inspect(artifact),
        listOwned: (environmentId) => builder.listOwned(environmentId),
      },
      runtime: {
        kind: runtime.kind,
        start: async (request, context) => {
          await check(request.labels.environmentId, "start");
          return runtime.start(request, context);
        },
        stop: async (name, grace) => {
          await check(engine.instances.get(name)?.labels.environmentId, "stop");
          await runtime.stop(name, grace);
        },
        inspect: (name) => runtime.inspect(name),
        logs: (name, lines) => runtime.logs(name, lines),
        listOwned: (environmentId) => runtime.listOwned(environmentId),
        removeEnvironment: (environmentId) => runtime.removeEnvironment(environmentId),
      },
    };
  }

  /** The newest token of each service that the router took a command with */
  const tokens = new Map<string, number>();
  /** The router's commands, noting those that it should have refused. */
  function watchedRouter(): Router {
    const noting =
      <C extends { service: string; token: number }, A extends unknown[], R>(send: (c: C, ...a: A) => Promise<R>) =>
      async (command: C, ...given: A): Promise<R> => {
        const answer = await send(command, ...given);
        const newest = tokens.get(command.service) ?? 0;
        if (command.token < newest) faults.push(`the router took token ${command.token} after ${newest}`);
        tokens.set(command.service, Math.max(newest, command.token));
        return answer;
      };
    return {
      entry: router.entry,
      apply: noting(router.apply),
      hold: noting(router.hold),
      switch: noting(router.switch),
      drain: noting(router.drain),
      remove: noting(router.remove),
      table: router.table,
    };
  }

  const databases = new Set<Database>();
  function startWorker(places: Worker["places"], skewMs: number): FakeWorker {
    const holder = randomUUID();
    const mortality = new Mortality();
    const named = new URL(test.url);
    named.searchParams.set("application_name", connectionName(holder));
    const own = createDatabase(named.href, CONNECTIONS_OF_A_WORKER);
    databases.add(own);
    const shutdown = new AbortController();
    const ports = watched(holder);
    const adapters: RuntimePorts = {
      builder: mortality.overEffects(ports.builder),
      runtime: mortality.overEffects(ports.runtime),
      examiner: mortality.over(ports.examiner),
      commands: mortality.overEffects(ports.commands),
      output: ports.output,
      inventory: ports.inventory,
    };
    const quiet = () => {};
    const log = { info: quiet, warn: quiet, error: quiet } as unknown as Logger;
    const worker: Worker = {
      db: mortality.overDatabase(own),
      cipher,
      live: {
        watch: (topics, signal) => {
          const watch = live.watch(topics, signal);
          return { next: () => mortality.call(() => watch.next()), close: watch.close };
        },
        close: async () => {},
      },
      runtimeLogs,
      log,
      holder,
      owner: OWNER,
      enginePatienceMs: 0,
      leaseMs,
      server: "here",
      places,
      warmMemoryMb: 1_000_000,
      source,
      router: mortality.over(watchedRouter()),
      workspace: mortality.overEffects(createWorkspace(folder)),
      diskFolders: async () => [],
      leastFreeBytes: 0,
      storageBounds: { cacheBytes: 0, cacheDays: 0, mirrorBytes: 0, mirrorDays: 0 },
      mirrors: NOTHING,
      sources: NOTHING,
      runtimeOf: () => adapters,
      services: ctx,
      shutdown: shutdown.signal,
    };
    const work: QueueWork = mortality.run(() => withSkew(skewMs, () => workQueue(worker)));
    return {
      holder,
      mortality,
      kill: () => mortality.kill(),
      freeze: () => mortality.freezeAt(random.pick(FREEZING_POINTS) ?? "before transaction"),
      thaw: () => mortality.thaw(),
      stop: async () => {
        shutdown.abort();
        await work.done;
        await own.$disconnect();
        databases.delete(own);
      },
    };
  }

  const ctx: OperationContext = {
    db,
    cipher,
    queue: { wakeEnvironment: async () => {}, askAboutSource: async () => {}, stop: async () => {} },
    live,
    addresses: { appsDomain: "localhost", appsPort: 80, appsScheme: "http" },
    actor: { kind: "user", id: randomUUID(), name: "Ada" },
  };

  /** An app of a made-up repository with its environment, which no worker knows of yet. */
  async function makeEnvironment(teamId: string, slug: string, change: object = {}) {
    const url = `https://example.com/${slug}.git`;
    heads.set(url, { line: 0, place: 1, isBroken: false });
    const app = await db.app.create({ data: { teamId, slug, name: slug, source: { kind: "git", url } } });
    const config = EnvironmentConfig.parse({
      build: { kind: "node" },
      health: { kind: "tcp", intervalSeconds: 0.1 },
      stopSeconds: 0,
      drainSeconds: 0,
      keepReleases: 2,
      warmMinutes: 0,
      ...change,
    });
    const row = { appId: app.id, teamId, slug, name: slug, branch: "main", runtime: "docker", config } as const;
    const { id } = await db.environment.create({ data: row });
    return { url, environment: { id, teamId, slug } };
  }

  return {
    ctx,
    engine,
    faults,
    heads,
    startWorker,
    makeEnvironment,
    /** Fetched sources that nobody removed */
    sources: () => readdir(folder),
    outside(environmentId: string): Outside {
      const of = (labels: { environmentId: string }) => labels.environmentId === environmentId;
      const traffic = router.services.get(environmentId)?.target?.addresses ?? [];
      return {
        instances: [...engine.instances.values()].filter(({ labels }) => of(labels)).map(({ name }) => name),
        artifacts: [...engine.artifacts.values()]
          .filter(({ labels }) => of(labels))
          .map(({ labels }) => labels.releaseId),
        traffic: traffic.map(({ host, port }) => `${host}:${port}`),
      };
    },
    async close() {
      await Promise.all([live.close(), runtimeLogs.close()]);
      await engine.close();
      router.close();
      await Promise.all([db, ...databases].map((one) => one.$disconnect()));
      await test.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
