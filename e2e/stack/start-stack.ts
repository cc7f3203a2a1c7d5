import { createHmac, randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openLive } from "@windlass/api/live";
import { createApp, type OperationContext, openQueue } from "@windlass/api/operations";
import { createCipher } from "@windlass/db/encryption";
import { createTestDatabase } from "@windlass/db/testing";
import {
  AppSource,
  type EnvironmentConfig,
  type GitRef,
  isEnded,
  type RuntimeKind,
  type VariableInput,
} from "@windlass/domain";
import { type Holdings, removeOwned } from "./holdings.ts";
import { readAccount } from "./read-account.ts";
import { StackProcess } from "./stack-process.ts";
import { waitFor } from "./wait-for.ts";
import { witnesses } from "./witnesses.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DOCKER_SOCKET = "/var/run/docker.sock";

export interface StackOptions {
  runtime: RuntimeKind;
  leaseMs: number;
  /** Another engine than the machine's */
  engine?: { socketPath: string; subnetPool: string };
  /** Environments that a worker works on at once; its own default unless said */
  concurrency?: number;
  /** Folders of repositories that may be deployed by path */
  repositories?: string[];
  /** The way by which workers reach the database, when it shall be one that can be lost */
  databaseBy?: (url: string) => Promise<string>;
  /** An empty one of the test's own, where apps may pass; made and removed otherwise */
  dataFolder?: string;
  /** The secret key, when a test must know it */
  key?: Buffer;
  /** For its workers */
  settings?: NodeJS.ProcessEnv;
}

export interface NewStackApp {
  name: string;
  url: string;
  config: EnvironmentConfig;
  /** The stack's own unless said */
  runtime?: RuntimeKind;
  variables?: VariableInput[];
}

export type Stack = Awaited<ReturnType<typeof startStack>>;

/**
 * Windlass without its pages: a database of its own, a router and a worker as real processes on free ports and a data
 * folder of their own, and the operations to be called as the web does.
 */
export async function startStack(options: StackOptions) {
  const { runtime, leaseMs, repositories = [], key = randomBytes(32), settings = {} } = options;
  const dockerSocket = options.engine?.socketPath ?? DOCKER_SOCKET;
  const database = await createTestDatabase();
  const dataFolder = options.dataFolder ?? (await mkdtemp(path.join(tmpdir(), "windlass-e2e-stack-")));
  // mkdtemp makes 0700, which the account of apps could not pass.
  await chmod(dataFolder, 0o711);
  const owner = createHmac("sha256", key).update("windlass owner").digest("hex").slice(0, 12);
  const controlSocket = path.join(dataFolder, "router.sock");

  const common: NodeJS.ProcessEnv = {
    ...process.env,
    NODE_OPTIONS: "",
    NODE_ENV: "production",
    NODE_COMPILE_CACHE: path.join(dataFolder, "cache"),
    WINDLASS_DATA_DIR: dataFolder,
    WINDLASS_ROUTER_CONTROL_SOCKET: controlSocket,
  };
  const router = new StackProcess("router", path.join(ROOT, "apps/router/src/main.ts"), {
    ...common,
    WINDLASS_ROUTER_LISTEN: "127.0.0.1:0",
    WINDLASS_ROUTER_TABLE: path.join(dataFolder, "router-table.json"),
  });
  const { listen } = (await router.start()) as { listen: { host: string; port: number } };
  const routerPort = listen.port;

  const workersUrl = (await options.databaseBy?.(database.url)) ?? database.url;
  const workers: StackProcess[] = [];
  const addWorker = (name: string) => {
    const worker = new StackProcess(name, path.join(ROOT, "apps/worker/src/main.ts"), {
      ...common,
      DATABASE_URL: workersUrl,
      WINDLASS_SECRET_KEY: key.toString("hex"),
      WINDLASS_ROUTER_ENTRY: `127.0.0.1:${routerPort}`,
      WINDLASS_DOCKER_SOCKET: runtime === "docker" ? dockerSocket : path.join(dataFolder, "no-docker.sock"),
      ...(options.engine ? { WINDLASS_DOCKER_SUBNETS: options.engine.subnetPool } : {}),
      WINDLASS_GIT_FILE_ROOTS: repositories.join(":"),
      WINDLASS_GIT_ALLOW_HTTP: "true",
      WINDLASS_GIT_PRIVATE_RANGES: "127.0.0.0/8",
      WINDLASS_LEASE_MS: String(leaseMs),
      // A test does not depend on how full the machine is that it runs on.
      WINDLASS_LEAST_FREE_MB: "0",
      ...(options.concurrency
        ? {
            WINDLASS_WORKER_CONCURRENCY: String(options.concurrency),
            WINDLASS_WORKER_TEAM_CONCURRENCY: String(options.concurrency),
          }
        : {}),
      ...settings,
    });
    workers.push(worker);
    return worker;
  };
  const worker = addWorker("worker");
  await worker.start();

  const ctx: OperationContext = {
    db: database.db,
    cipher: createCipher(new Map([[1, key]])),
    queue: await openQueue(database.url),
    live: openLive(database.url),
    addresses: { appsDomain: "localhost", appsPort: routerPort, appsScheme: "http" },
    actor: { kind: "system", id: null, name: "Fault test" },
  };
  const team = await ctx.db.team.create({ data: { slug: "harbour", name: "Harbour" } });
  const holdings: Holdings = { runtime, owner, dataFolder, dockerSocket };
  const witness = () => readAccount(ctx, workers);
  witnesses.add(witness);

  return {
    ctx,
    team,
    databaseUrl: database.url,
    dataFolder,
    key,
    /** What its things on an engine are marked with */
    holdings,
    leaseMs,
    router,
    routerPort,
    worker,
    /** All that were added, the first one included */
    workers,
    /** Another worker beside the first; to be started by the test */
    addWorker,

    /** Restarts the router on the port it had. */
    restartRouter: () => router.start({ WINDLASS_ROUTER_LISTEN: `127.0.0.1:${routerPort}` }),

    /** An app from a git repository with its production environment, not yet deployed. */
    async createApp({ name, url, config, runtime = options.runtime, variables = [] }: NewStackApp) {
      const made = await createApp(ctx, team, {
        name,
        source: AppSource.parse({ kind: "git", url }),
        branch: "main" as GitRef,
        runtime,
        config,
        variables,
      });
      const environment = await ctx.db.environment.findUniqueOrThrow({
        where: { id: made.environmentId },
        include: { routes: true },
      });
      const host = environment.routes[0]?.host;
      if (!host) throw new Error("The environment has no host.");
      return { ...made, environment: { id: environment.id, teamId: team.id, slug: environment.slug }, host, runtime };
    },

    /** The deployment once it has ended. */
    awaitEnd: (deploymentId: string, withinMs = 60_000) =>
      waitFor(
        "the deployment's end",
        async () => {
          const row = await ctx.db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
          return isEnded(row.status) && row;
        },
        { withinMs },
      ),

    /** Ends everything and removes what it made, on the engine too. */
    async stop() {
      witnesses.delete(witness);
      for (const one of workers) {
        if (!one.isRunning) continue;
        one.thaw();
        await one.kill("SIGKILL");
      }
      await router.kill("SIGKILL");
      await ctx.queue.stop();
      await ctx.live.close();
      await removeOwned(holdings);
      await database.drop();
      if (!options.dataFolder) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
