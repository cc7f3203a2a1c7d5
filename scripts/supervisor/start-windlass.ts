import { lookup } from "node:dns/promises";
import { request } from "node:http";
import path from "node:path";
import { buildConsole } from "./build-console.ts";
import { checkPort } from "./check-port.ts";
import { Child, type ChildEvents } from "./child.ts";
import { type ChildEnvironments, childEnvironments, localAddress } from "./child-environment.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { type DataLock, lockDataFolder } from "./data-lock.ts";
import { runHelper } from "./helper.ts";
import type { FirstRun } from "./helpers/first-run.ts";
import type { PreparedDatabase } from "./helpers/prepare-database.ts";
import { holdPort } from "./hold-port.ts";
import type { Options } from "./options.ts";
import { showSample } from "./show-sample.ts";
import type { StopList } from "./stop-list.ts";
import { duration, type Terminal } from "./terminal.ts";
import { watchDatabase } from "./watch-database.ts";

const APPS_END_WITHIN_MS = 60_000;
const GRACE_MS = { web: 5_000, worker: 15_000, router: 10_000 };
const ROTATE_EVERY_MS = 30_000;
const DATABASE_STOPS_WITHIN_MS = 30_000;
/** After a crash the programs of the supervisor before need a moment to notice. */
const PATIENCE_AFTER_CRASH_MS = 10_000;

interface Start {
  root: string;
  options: Options;
  terminal: Terminal;
  /** What was started, to be stopped in the opposite order */
  stops: StopList;
  /** Somebody wants it to end before it is up */
  signal: AbortSignal;
  /** What to do when the operator asks for a new router (SIGUSR2) */
  onUpgrade(upgrade: () => Promise<void>): void;
}

/** Everything from the data folder to programs that are ready; the order is the order of this function. */
export async function startWindlass(start: Start): Promise<FirstRun> {
  const { options, root, signal } = start;
  prepareDataFolder(options.dataFolder);
  const lock = await lockDataFolder(options.dataFolder);
  start.stops.add({ stop: async () => lock.release() });
  if (lock.isTakenOver)
    start.terminal.line(`  ${start.terminal.dim("The last run did not end properly; recovering.")}`);
  const patience = lock.isTakenOver ? PATIENCE_AFTER_CRASH_MS : 0;
  await checkPort("--port", options.host, options.port, patience);
  await checkPort("--router-port", options.host, options.routerPort, patience);

  const environments = childEnvironments(options, process.env);
  const database = await prepareDatabase(start, environments);
  await provideConsole(start, root);
  signal.throwIfAborted();
  await startPrograms(start, environments, lock, database);
  signal.throwIfAborted();
  const firstRun = await runFirstRun(start, environments);
  if (firstRun.sampleUrl) await awaitSample(start, firstRun.sampleUrl);
  return firstRun;
}

async function prepareDatabase(start: Start, environments: ChildEnvironments): Promise<PreparedDatabase> {
  const { terminal, options, signal } = start;
  const { dataFolder } = options;
  const isOwn = !process.env.DATABASE_URL;
  const task = terminal.task("Database");
  if (isOwn) {
    start.stops.add({
      label: "Database",
      stop: () =>
        runHelper<null>("stop-database", {
          dataFolder,
          env: environments.common,
          signal: AbortSignal.timeout(DATABASE_STOPS_WITHIN_MS),
        }),
    });
  }
  const prepared = await runHelper<PreparedDatabase, string>("prepare-database", {
    dataFolder,
    env: environments.common,
    signal,
    onProgress: (text) => task.say(text),
  });
  setDatabase(environments, prepared);
  task.done(describe(prepared, dataFolder));
  return prepared;
}

function describe(prepared: PreparedDatabase, dataFolder: string): string {
  const { ownFolder, isAdopted, migrations } = prepared;
  const applied = migrations > 0 ? `, ${count(migrations, "migration")} applied` : "";
  if (ownFolder === null) return `yours${applied}`;
  if (ownFolder !== dataFolder) return `embedded in ${ownFolder}`;
  return `embedded${isAdopted ? ", was still running" : ""}${applied}`;
}

/** The router is told nothing of it: it knows hosts and targets only. */
function setDatabase({ common, web, worker, router }: ChildEnvironments, { url, secretKey }: PreparedDatabase): void {
  for (const environment of [common, web, worker]) {
    environment.DATABASE_URL = url;
    environment.WINDLASS_SECRET_KEY = secretKey;
  }
  delete router.DATABASE_URL;
  delete router.WINDLASS_SECRET_KEY;
}

async function provideConsole({ terminal, options, signal }: Start, root: string): Promise<void> {
  const task = terminal.task("Console");
  let talk: NodeJS.Timeout | undefined;
  const outcome = await buildConsole(root, options.dataFolder, {
    signal,
    onBuild: (why) => {
      task.say(why);
      talk = setInterval(() => task.say(why), 1000);
    },
  }).finally(() => clearInterval(talk));
  task.done(outcome === "built" ? "built" : "built before");
}

async function startPrograms(
  start: Start,
  environments: ChildEnvironments,
  lock: DataLock,
  database: PreparedDatabase,
): Promise<void> {
  const { root, terminal, stops, options } = start;
  const children: Child[] = [];
  const events: ChildEvents = {
    onCrash: (child, how, restartsInMs) =>
      terminal.line(
        `  ${terminal.amber("!")} The ${child.name} ${how} and starts again in ${duration(restartsInMs)}. ${terminal.dim(child.log.path)}`,
      ),
    onRecovered: (child) => terminal.line(`  ${terminal.green("✓")} The ${child.name} is back.`),
    onProcess: () => lock.recordChildren(children.flatMap((child) => child.pids)),
  };
  const make = (name: string, script: string, env: NodeJS.ProcessEnv, listenFd?: number) => {
    const { dataFolder } = options;
    const child = new Child({ name, script: path.join(root, script), env, dataFolder, listenFd }, events);
    children.push(child);
    return child;
  };
  const entrance = await holdPort(options.host, options.routerPort);
  stops.add({ stop: async () => entrance?.close() });
  const router = make("router", "apps/router/src/main.ts", environments.router, entrance?.fd());
  const worker = make("worker", "apps/worker/src/main.ts", environments.worker);
  const web = make("web", "apps/web/src/server/main.ts", environments.web);

  const rotation = setInterval(() => {
    for (const child of children) child.log.rotate();
  }, ROTATE_EVERY_MS);
  rotation.unref();
  stops.add({ label: "Router", stop: () => stopChild(router, GRACE_MS.router), hurry: () => router.kill() });
  stops.add({ label: "Worker", stop: () => stopChild(worker, GRACE_MS.worker), hurry: () => worker.kill() });
  stops.add({ label: "Web", stop: () => stopChild(web, GRACE_MS.web), hurry: () => web.kill() });
  if (database.ownFolder !== null) {
    const stopWatching = watchDatabase(database.url, async () => {
      terminal.line(`  ${terminal.amber("!")} The database does not answer and is started again.`);
      const again = await runHelper<PreparedDatabase>("prepare-database", {
        dataFolder: options.dataFolder,
        env: { ...environments.common, DATABASE_URL: "" },
        signal: start.signal,
      });
      if (again.url !== database.url) {
        setDatabase(environments, again);
        for (const child of [web, worker]) await child.restartWith({ DATABASE_URL: again.url });
      }
      terminal.line(`  ${terminal.green("✓")} The database is back.`);
      return again.url;
    });
    stops.add({ stop: async () => stopWatching() });
  }

  start.onUpgrade(async () => {
    const problem = await router.replace();
    terminal.line(
      problem === undefined
        ? `  ${terminal.green("✓")} A new router has taken over.`
        : `  ${terminal.amber("!")} The router was not replaced: the new one ${problem}. ${terminal.dim(router.log.path)}`,
    );
  });

  const startedAt = Date.now();
  const starts = [router, worker, web].map((child) => child.start());
  // Each is awaited below in turn; one that fails first must not count as unhandled.
  for (const starting of starts) starting.catch(() => {});
  for (const [index, label] of ["Router", "Worker", "Web"].entries()) {
    const task = terminal.task(label, 0, startedAt);
    await starts[index];
    start.signal.throwIfAborted();
    task.done("ready");
  }
  // Before the worker, which does it, and after the web, which could ask for more.
  stops.insertBefore("Web", { label: "Apps", stop: () => stopApps(worker), hurry: () => worker.kill() });
}

async function stopChild(child: Child, graceMs: number): Promise<string> {
  return (await child.stop(graceMs)) === "killed" ? "did not end in time and was killed" : "stopped";
}

/** The worker knows what runs; without it apps go on running, and the next start finds them. */
async function stopApps(worker: Child): Promise<string> {
  worker.expectEnd();
  const answer = await worker.ask("stop-instances", "stopped", APPS_END_WITHIN_MS);
  if (!answer) return "the worker did not answer; apps go on running";
  return typeof answer.count === "number" ? `${answer.count} stopped` : "stopped";
}

async function runFirstRun(start: Start, environments: ChildEnvironments): Promise<FirstRun> {
  const { root, options, terminal, signal } = start;
  const sample = {
    wanted: options.wantsSample,
    source: path.join(root, "examples", "hello"),
    repository: path.join(options.dataFolder, "sample", "hello"),
    hosts: await sampleHosts(options, environments.common),
  };
  const show = showSample(terminal);
  try {
    return await runHelper<FirstRun, Parameters<typeof show.on>[0]>("first-run", {
      dataFolder: options.dataFolder,
      env: { ...environments.common, WINDLASS_SAMPLE: JSON.stringify(sample) },
      signal,
      onProgress: show.on,
    });
  } finally {
    show.end();
  }
}

/** Beside its alias: an address that this machine can use where names below `localhost` lead nowhere. */
async function sampleHosts(options: Options, env: NodeJS.ProcessEnv): Promise<string[]> {
  const domain = env.WINDLASS_APPS_DOMAIN ?? "localhost";
  if (domain !== "localhost") return [];
  const doesResolve = await lookup(`hello.${domain}`).then(
    () => true,
    () => false,
  );
  const address = localAddress(options.host);
  const isOwnAddress = address === options.host || options.host === "0.0.0.0" || options.host === "localhost";
  return (doesResolve && address === "127.0.0.1") || !isOwnAddress || address.includes(":") ? [] : [address];
}

/** The line with its address is printed when it answers there; a moment later, after a crash. */
async function awaitSample(start: Start, url: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  const { host } = new URL(url);
  const { options, terminal } = start;
  while (Date.now() < deadline && !start.signal.aborted) {
    if (await answers(localAddress(options.host), options.routerPort, host)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!start.signal.aborted) terminal.line(`  ${terminal.amber("!")} The sample app does not answer yet.`);
}

function answers(address: string, port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = request({ host: address, port, path: "/health", headers: { host }, timeout: 2_000 }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 400);
    });
    ask.on("error", () => resolve(false));
    ask.on("timeout", () => ask.destroy());
    ask.end();
  });
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
