import { createHmac, randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { openLive } from "@windlass/api/live";
import { createQueues, queueOver } from "@windlass/api/operations";
import { createDatabase } from "@windlass/db";
import { createCipher } from "@windlass/db/encryption";
import { openRuntimeLogStore } from "@windlass/db/runtime-log-store";
import { ENVIRONMENT_QUEUE, SOURCE_CHECK_QUEUE } from "@windlass/domain";
import {
  createGitMirrors,
  createGitRepository,
  createRouterClient,
  createWorkspace,
  watchRouter,
} from "@windlass/engine";
import { PgBoss } from "pg-boss";
import { pino } from "pino";
import { watchBakes } from "./bake/watch-bakes.ts";
import { applyHolds } from "./environment/apply-holds.ts";
import { coolWarm } from "./environment/cool-warm.ts";
import { stopInstances } from "./environment/stop-instances.ts";
import { workQueue } from "./queue/work-queue.ts";
import { createReconciler } from "./reconcile/keep-reconciled.ts";
import { reportWorker } from "./report/report-worker.ts";
import { keepRuntimeLogs } from "./runtime-log/keep-runtime-logs.ts";
import { openRuntimes } from "./runtimes.ts";
import { readSettings } from "./settings.ts";
import { answerSourceJob } from "./source/answer-source-job.ts";
import { keepStorage } from "./storage/keep-storage.ts";
import type { Worker } from "./wiring.ts";

// The worker process: takes jobs from the queue and runs them through the engine. The only place that reads the
// environment and decides which adapter serves.

const settings = readSettings();
const log = pino({ name: "worker" });
const shutdown = new AbortController();
const key = Buffer.from(settings.WINDLASS_SECRET_KEY, "hex");
const owner = createHmac("sha256", key).update("windlass owner").digest("hex").slice(0, 12);
const dataFolder = settings.WINDLASS_DATA_DIR;
const concurrency = settings.WINDLASS_WORKER_CONCURRENCY;
const caFile = settings.WINDLASS_CA_FILE ?? settings.NODE_EXTRA_CA_CERTS;
const entry = new URL(`http://${settings.WINDLASS_ROUTER_ENTRY}`);

await mkdir(dataFolder, { recursive: true });
const runtimes = await openRuntimes({
  dataFolder,
  owner,
  dockerSocket: settings.WINDLASS_DOCKER_SOCKET,
  subnetPool: settings.WINDLASS_DOCKER_SUBNETS,
  caFile,
  shutdown: shutdown.signal,
  log,
});
const shared = {
  db: createDatabase(settings.DATABASE_URL, 4 + 2 * concurrency),
  cipher: createCipher(new Map([[1, key]])),
  live: openLive(settings.DATABASE_URL),
};
const gitFolder = path.join(dataFolder, "git");
const workspace = createWorkspace(path.join(dataFolder, "work"));
const boss = new PgBoss({
  connectionString: settings.DATABASE_URL,
  max: 4,
  useListenNotify: true,
  superviseIntervalSeconds: 2,
  monitorIntervalSeconds: 2,
});
boss.on("error", (error) => log.warn({ err: error }, "queue"));
const worker: Worker = {
  ...shared,
  services: {
    ...shared,
    queue: queueOver(boss),
    addresses: { appsDomain: "", appsPort: 80, appsScheme: "http" },
  },
  runtimeLogs: openRuntimeLogStore(settings.DATABASE_URL, 3),
  log,
  holder: `${hostname()}:${process.pid}:${randomBytes(4).toString("hex")}`,
  owner,
  leaseMs: settings.WINDLASS_LEASE_MS,
  enginePatienceMs: settings.WINDLASS_ENGINE_PATIENCE_MS,
  warmMemoryMb: settings.WINDLASS_WARM_MEMORY_MB,
  server: settings.WINDLASS_SERVER_NAME ?? hostname(),
  places: {
    environments: concurrency,
    perTeam: settings.WINDLASS_WORKER_TEAM_CONCURRENCY ?? Math.max(1, concurrency - 1),
    builds: settings.WINDLASS_BUILD_CONCURRENCY,
  },
  source: createGitRepository({
    cacheFolder: gitFolder,
    allowedFileRoots: settings.WINDLASS_GIT_FILE_ROOTS,
    allowPlainHttp: settings.WINDLASS_GIT_ALLOW_HTTP,
    privateRanges: settings.WINDLASS_GIT_PRIVATE_RANGES,
    caFile,
  }),
  router: createRouterClient({
    controlSocket: settings.WINDLASS_ROUTER_CONTROL_SOCKET,
    entry: { host: entry.hostname.replace(/^\[|\]$/g, ""), port: Number(entry.port || 80) },
  }),
  workspace,
  diskFolders: runtimes.diskFolders,
  leastFreeBytes: settings.WINDLASS_LEAST_FREE_MB === undefined ? null : settings.WINDLASS_LEAST_FREE_MB * 1e6,
  storageBounds: {
    cacheBytes: settings.WINDLASS_BUILD_CACHE_MB * 1e6,
    cacheDays: settings.WINDLASS_BUILD_CACHE_DAYS,
    mirrorBytes: settings.WINDLASS_GIT_MIRRORS_MB * 1e6,
    mirrorDays: settings.WINDLASS_GIT_MIRROR_DAYS,
  },
  mirrors: createGitMirrors(gitFolder),
  sources: workspace.store,
  runtimeOf: runtimes.runtimeOf,
  shutdown: shutdown.signal,
};

/** Since the process began, for whoever wonders why a worker took long to be ready. */
const reached = { enginesMs: sinceStart(), queuesMs: 0, firstRoundMs: 0 };
await boss.start();
await createQueues(boss);
reached.queuesMs = sinceStart();
// After a reboot what is live comes first: a deployment that waits must find it, in case it fails.
const reconciler = createReconciler(worker);
await reconciler.round();
reached.firstRoundMs = sinceStart();
const WORK = { pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 1, batchSize: 1 };
const queue = workQueue(worker);
// A job only wakes: what is to be done, and by whom, the rows say.
await boss.work(ENVIRONMENT_QUEUE, WORK, async () => queue.wake());
await boss.work(SOURCE_CHECK_QUEUE, { ...WORK, localConcurrency: 2 }, async ([job]) => {
  if (job) await answerSourceJob(worker, job.data);
});
const loops = [
  queue.done,
  applyHolds(worker),
  coolWarm(worker),
  watchBakes(worker),
  reportWorker(worker, runtimes.docker),
  keepRuntimeLogs(worker),
  keepStorage(worker),
  reconciler.keepGoing(watchRouter(settings.WINDLASS_ROUTER_CONTROL_SOCKET, shutdown.signal)),
];
log.info({ holder: worker.holder, docker: runtimes.docker(), reached }, "ready");
process.send?.({ type: "ready" });

function sinceStart(): number {
  return Math.round(performance.now());
}

let stopping: Promise<void> | undefined;

/** Lets go of everything: what was under way goes on in the next worker. */
function stop(): Promise<void> {
  stopping ??= (async () => {
    shutdown.abort();
    await boss.stop({ graceful: true, timeout: 10_000 }).catch(() => {});
    await Promise.allSettled(loops);
    await Promise.all([worker.live.close(), worker.runtimeLogs.close()]);
  })();
  return stopping;
}

async function stopAndExit(): Promise<void> {
  await stop();
  await worker.db.$disconnect();
  process.exit(0);
}
process.on("SIGTERM", () => void stopAndExit());
process.on("SIGINT", () => void stopAndExit());
// The supervisor is gone.
process.on("disconnect", () => void stopAndExit());
process.on("message", async (message: { type?: string }) => {
  if (message.type !== "stop-instances") return;
  await stop();
  await stopInstances(worker);
  process.send?.({ type: "stopped" });
});
