import { setTimeout as sleep } from "node:timers/promises";
import { createWindlassClient } from "@windlass/client";
import { LogBudget } from "@windlass/domain";
import { countHeld, type Held } from "./harness/count-held.ts";
import { createApp, untilEnded } from "./harness/deployments.ts";
import { commitAgain, MANIFEST, makeRepository } from "./harness/make-repository.ts";
import { measure, until } from "./harness/measure.ts";
import { canReadMemory } from "./harness/memory.ts";
import { type Load, startLoad } from "./harness/processes.ts";
import { type Row, report, say } from "./harness/report.ts";
import { type Stack, startStack } from "./harness/start-stack.ts";

/**
 * A week in an hour: deployments, rollbacks, cancels, restarts and deletions of some apps under constant requests, with
 * viewers that come and go, while worker and web are killed and the router is replaced. What is held is counted when
 * everything has come to rest, near the beginning and at the end, and each minute in between.
 * `MINUTES=30` scales it.
 */
const MINUTES = Number(process.env.MINUTES ?? 30);
/** Before the first count everything has been used, and as much is kept as is ever kept */
const WARM_UP_SHARE = 0.15;
/** In the rest nothing is killed, so that what processes take up over the time is theirs */
const KILLS_SHARE = 0.6;
/** Seldom enough that the supervisor, which waits longer after each crash within a minute, starts them again soon */
const KILL_EVERY_MS = 60_000;
const SAMPLE_EVERY_MS = 60_000;
const VIEWERS = 4;
const CONNECTIONS = 3;
const PAUSE_MS = 100;
/** By then all has been put in order that is put in order now and then: places in runtime logs are forgotten each minute */
const REST_MS = 70_000;
const AT_REST_WITHIN_MS = 180_000;
const KEPT = 2;
const PASSING = "Passing";
const APPS = [
  { name: "Crane", runtime: "docker", warmMinutes: 1 },
  { name: "Winch", runtime: "docker", warmMinutes: 0 },
  { name: "Pulley", runtime: "process", warmMinutes: 1 },
  { name: "Hoist", runtime: "process", warmMinutes: 0 },
] as const;

/** Says something now and then, as apps do. */
const SERVER = `
let asked = 0;
const server = require("node:http").createServer((_, response) => {
  if (++asked % 20 === 0) console.log("asked " + asked + " times, " + "x".repeat(200));
  response.end("well");
});
server.listen(process.env.PORT);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;
const FILES = {
  Dockerfile: `FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n`,
  "package.json": MANIFEST(),
  "server.js": SERVER,
};

interface App {
  environmentId: string;
  folder: string;
  host: string;
}

/** What a person, or Windlass, refuses with a word is no fault here. */
const EXPECTED = new Set(["conflict", "not_found", "throttled"]);

const mbOf = (held: Held) =>
  Object.fromEntries(["web", "worker", "router"].map((name) => [name, Math.round(held[`MB of ${name}`] ?? 0)]));

/** What tells of each deployment, or of a repository's commits: it grows with them, by design. A worker's report goes after a day. */
const HISTORY =
  /^files of copied|^rows of (?:WorkerReport|Deployment|Step|LogChunk|Release|Instance|AuditEntry|Bake|Finding|pgboss\.)/;
/** Bounded by size and age, not by number */
const BUDGETED = /^rows of RuntimeLogChunk|^MB of the database/;

const show = (value: number): string => (Number.isInteger(value) ? `${value}` : value.toFixed(1));

await measure(async (stack) => {
  if (!canReadMemory) throw new Error("This measurement reads /proc, which only Linux has.");
  const windlass = await startStack(stack, { docker: true });
  const soak = await openSoak(windlass);
  const endsAt = performance.now() + MINUTES * 60_000;
  const began = performance.now();
  const spent = () => (performance.now() - began) / (endsAt - began);

  say(`  warming up for ${(MINUTES * WARM_UP_SHARE).toFixed(1)} minutes`);
  await soak.work(() => spent() > WARM_UP_SHARE, { isKilling: () => spent() < WARM_UP_SHARE * 0.8 });
  const first = await soak.rest();
  const highest: Held = { ...first };
  const sampling = new AbortController();
  const sample = async () => {
    while (!sampling.signal.aborted) {
      await sleep(SAMPLE_EVERY_MS, undefined, { signal: sampling.signal }).catch(() => {});
      // Of a program that is being started again there is nothing to count yet.
      const held = await until("a count", () => countHeld(windlass).catch(() => undefined), { everyMs: 1000 });
      for (const [name, value] of Object.entries(held)) highest[name] = Math.max(highest[name] ?? 0, value);
      const { web = 0, worker = 0, router = 0 } = mbOf(held);
      say(
        `  ${Math.round((performance.now() - began) / 60_000)} min: web ${web} MB, worker ${worker} MB, router ${router} MB, ${held["docker instance"]} containers, ${held.processes} processes; ${soak.told()}`,
      );
    }
  };
  const sampled = sample();
  await soak.work(() => spent() >= 1, { isKilling: () => spent() < KILLS_SHARE });
  sampling.abort();
  const last = await soak.rest();
  await sampled;
  const load = await soak.endLoad();

  report(`What is held: at rest after the warm-up, at most, and at rest after ${MINUTES} minutes`, [
    {
      figure: "requests failed",
      value: `${load.failed} of ${load.requests}`,
      bar: { text: "0", isMet: load.failed === 0 },
    },
    ...judge(first, highest, last),
  ]);
  const grown = (last["MB of the database"] ?? 0) - (first["MB of the database"] ?? 0);
  const deployments = (last["rows of Deployment"] ?? 0) - (first["rows of Deployment"] ?? 0);
  say(`\n  ${soak.told()}`);
  say(
    `  History, kept by design: ${deployments} deployments, ${((grown * 1024) / Math.max(1, deployments)).toFixed(1)} kB of the database for each, logs of apps included`,
  );
  for (const [kind, count] of Object.entries(load.failures)) say(`  ${count} × ${kind}`);
  for (const problem of soak.problems) say(`  ${problem}`);
  if (load.failed > 0) say(`MISSED ${load.failed} of ${load.requests} requests failed`);
  if (soak.problems.length > 0) say(`MISSED ${soak.problems.length} things went wrong`);
});

function judge(first: Held, highest: Held, last: Held): Row[] {
  const row = (name: string, most: number | undefined): Row => ({
    figure: name,
    value: show(last[name] ?? 0),
    spread: `${show(first[name] ?? 0)} at first, at most ${show(highest[name] ?? 0)}`,
    ...(most !== undefined && { bar: { text: `≤ ${show(most)}`, isMet: (last[name] ?? 0) <= most } }),
  });
  return [...new Set([...Object.keys(first), ...Object.keys(last)])].map((name) => {
    const before = first[name] ?? 0;
    if (HISTORY.test(name) || BUDGETED.test(name)) return row(name, undefined);
    if (name === "MB of postgres" || name === "MB of the other folders") return row(name, before * 1.5 + 20);
    if (name.startsWith("MB of")) return row(name, before * 1.25 + 30);
    // One that a rollback wanted goes with the next deployment.
    if (name === "docker image" || name === "entries of apps/releases") return row(name, before + APPS.length);
    if (name.startsWith("open files")) return row(name, before + 15);
    if (name === "connections to the database") return row(name, before + 8);
    if (name === "files and folders") return row(name, before * 1.2 + 100);
    return row(name, before);
  });
}

/** The apps, and everything that happens to them. */
async function openSoak(windlass: Stack) {
  const { api, teamId } = windlass;
  const did: Record<string, number> = {};
  const problems: string[] = [];
  const count = (what: string) => {
    did[what] = (did[what] ?? 0) + 1;
  };
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(Math.random() * from.length)];

  const apps: App[] = [];
  for (const { name, runtime, warmMinutes } of APPS) apps.push(await makeApp(name, runtime, warmMinutes));
  const loads: Load[] = [];
  for (const { host } of apps) {
    const order = { port: windlass.routerPort, host, path: "/", connections: CONNECTIONS, pauseMs: PAUSE_MS };
    loads.push(await startLoad({ ...order, slowConnections: 0, slowPath: "/" }));
  }

  /** What is asked while web is being started again is asked once more. */
  async function insist<T>(ask: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        const { data } = error as { data?: { domain?: { code: string }; code?: string } };
        const code = data?.domain?.code ?? data?.code;
        if (code && EXPECTED.has(code)) return undefined;
        if (code || attempt > 40) throw error;
        await sleep(500);
      }
    }
  }

  async function makeApp(name: string, runtime: "docker" | "process", warmMinutes: number): Promise<App> {
    const folder = makeRepository(`${windlass.repositories}/${name.toLowerCase().replaceAll(" ", "-")}`, FILES);
    const config = {
      build: { kind: runtime === "docker" ? "dockerfile" : "node" },
      health: { intervalSeconds: 0.2, timeoutSeconds: 5 },
      resources: { memoryMb: 128, cpus: 1 },
      keepReleases: KEPT,
      warmMinutes,
      bakeMinutes: 1,
      drainSeconds: 5,
      stopSeconds: 5,
    };
    const environmentId = await createApp(windlass, { name, folder, runtime, config });
    await api.log.setBudget.mutate({ environmentId, budget: LogBudget.parse({ megabytes: 1, days: 1 }) });
    const { deploymentId } = await api.deployment.create.mutate({ environmentId });
    const { status } = await untilEnded(windlass, deploymentId);
    if (status !== "succeeded") throw new Error(`The first deployment of ${name} ${status}.`);
    const { url } = await api.environment.get.query({ environmentId });
    return { environmentId, folder, host: new URL(url ?? "").hostname };
  }

  /** Asks for one operation and waits for its end. */
  async function operate({ environmentId, folder }: App): Promise<void> {
    const what = pick(["deploy", "deploy", "deploy", "rollback", "rollback", "cancel", "restart", "scale", "redeploy"]);
    const begin = async (): Promise<{ deploymentId: string } | undefined> => {
      if (what === "rollback") {
        const { releases } = await api.environment.get.query({ environmentId });
        const other = pick(releases.filter(({ isLive }) => !isLive));
        return other && api.deployment.rollback.mutate({ environmentId, releaseId: other.id });
      }
      if (what === "restart") return api.environment.restart.mutate({ environmentId });
      if (what === "scale") {
        return api.environment.scale.mutate({ environmentId, instances: 1 + Math.floor(Math.random() * 2) });
      }
      if (what === "deploy" || what === "cancel") commitAgain(folder);
      return api.deployment.create.mutate({ environmentId });
    };
    const begun = await insist(begin);
    if (!begun) return;
    const { deploymentId } = begun;
    if (what === "cancel") {
      await sleep(Math.random() * 1500);
      await insist(() => api.deployment.cancel.mutate({ deploymentId }));
    }
    const end = await until("a deployment's end", () => insist(() => ended(deploymentId)), {
      everyMs: 500,
      limitMs: 180_000,
    });
    count(`${what} ${end.status}`);
    if (end.status === "failed") problems.push(`A ${what} failed: ${JSON.stringify(end.end)}`.slice(0, 400));
  }
  const ended = async (deploymentId: string) => {
    const detail = await api.deployment.get.query({ deploymentId });
    return detail.endedAt ? detail : undefined;
  };

  /** An app that comes, is deployed and goes again with everything it had. */
  let passing = 0;
  async function comeAndGo(): Promise<void> {
    const runtime = passing % 2 === 0 ? "docker" : "process";
    // When web is killed meanwhile it may be there, or not; whatever is there goes.
    await makeApp(`${PASSING} ${++passing}`, runtime, 1).catch(() => count("came half"));
    await removePassing();
  }
  async function removePassing(): Promise<void> {
    const isPassing = ({ name }: { name: string }) => name.startsWith(PASSING);
    const left = async () => ((await insist(() => api.app.list.query({ teamId }))) ?? []).filter(isPassing);
    for (const { id, name } of await left()) {
      await insist(() => api.app.delete.mutate({ appId: id, typedName: name }));
      count("came and went");
    }
    const areGone = async () => ((await left()).length === 0 ? true : undefined);
    await until("a deletion", areGone, { limitMs: 180_000, everyMs: 500 });
  }

  /** Someone who looks at the console: subscriptions over a socket of their own, for some seconds. */
  async function view(): Promise<void> {
    const client = createWindlassClient({ url: windlass.url, token: windlass.token });
    const app = pick(apps);
    if (!app) return;
    const { environmentId } = app;
    const on = { onData: () => {}, onError: () => {} };
    const subscriptions = [
      client.api.overview.watch.subscribe({ teamId }, on),
      client.api.environment.watch.subscribe({ environmentId }, on),
      client.api.log.follow.subscribe({ environmentId }, on),
      client.api.log.watch.subscribe({ environmentId }, on),
    ];
    const [newest] = (await insist(() => api.deployment.list.query({ environmentId, limit: 1 }))) ?? [];
    if (newest) {
      subscriptions.push(client.api.deployment.watch.subscribe({ deploymentId: newest.id }, on));
      subscriptions.push(client.api.deployment.log.subscribe({ deploymentId: newest.id }, on));
    }
    await sleep(500 + Math.random() * 6000);
    for (const one of subscriptions) one.unsubscribe();
    await client.close();
    count("views");
  }

  // Each once at first: what a program keeps for its next start is there before the first count.
  const blows: ("worker" | "web" | "router")[] = ["worker", "web", "router"];
  async function kill(): Promise<void> {
    const all = windlass.processes();
    const blow = blows.shift() ?? pick(["worker", "worker", "web", "router"] as const);
    if (blow === "router") process.kill(all.supervisor, "SIGUSR2");
    else if (blow) process.kill(all[blow], "SIGKILL");
    count(blow === "router" ? "routers replaced" : `${blow} killed`);
  }

  /** Repeats until the span is over; what goes wrong is told, and the next one tried. */
  async function again(isOver: () => boolean, pauseMs: () => number, work: () => Promise<void>): Promise<void> {
    while (!isOver()) {
      await work().catch((error: unknown) => problems.push(String(error).slice(0, 400)));
      for (const wake = performance.now() + pauseMs(); performance.now() < wake && !isOver(); ) await sleep(200);
    }
  }

  return {
    problems,
    told: () =>
      Object.entries(did)
        .map(([what, n]) => `${n} ${what}`)
        .join(", "),
    async work(isOver: () => boolean, { isKilling }: { isKilling: () => boolean }): Promise<void> {
      const brief = () => 500 + Math.random() * 4000;
      await Promise.all([
        ...apps.map((app) => again(isOver, brief, () => operate(app))),
        ...Array.from({ length: VIEWERS }, () => again(isOver, () => 200, view)),
        again(isOver, () => 20_000, comeAndGo),
        again(
          () => isOver() || !isKilling(),
          () => KILL_EVERY_MS * (0.5 + Math.random()),
          kill,
        ),
      ]);
    },
    /** Everything has ended, nothing is warm, then some quiet; the requests go on. */
    async rest(): Promise<Held> {
      await removePassing();
      for (const { environmentId } of apps) {
        const scaled = await insist(() => api.environment.scale.mutate({ environmentId, instances: 1 }));
        if (scaled) await until("a scaling's end", () => insist(() => ended(scaled.deploymentId)), { everyMs: 500 });
      }
      await until("everything to be at rest", () => insist(isAtRest), { everyMs: 1000, limitMs: AT_REST_WITHIN_MS });
      await sleep(REST_MS);
      return countHeld(windlass);
    },
    async endLoad() {
      const reports = await Promise.all(loads.map((load) => load.stop()));
      const failures: Record<string, number> = {};
      for (const { failures: some } of reports) {
        for (const [kind, n] of Object.entries(some)) failures[kind] = (failures[kind] ?? 0) + n;
      }
      const sum = (of: "requests" | "failed") => reports.reduce((total, one) => total + one[of], 0);
      return { requests: sum("requests"), failed: sum("failed"), failures };
    },
  };

  async function isAtRest(): Promise<true | undefined> {
    windlass.processes();
    for (const { environmentId } of apps) {
      const { releases, deployments } = await api.environment.get.query({ environmentId });
      if (releases.some(({ warmUntil }) => warmUntil !== null)) return undefined;
      if (deployments.some(({ endedAt }) => endedAt === null)) return undefined;
    }
    return true;
  }
}
