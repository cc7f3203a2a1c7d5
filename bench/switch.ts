import { once } from "node:events";
import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DrainResult, SwitchResult, Target } from "@windlass/domain";
import { commandRouter } from "./harness/command-router.ts";
import { median, quantile, spread } from "./harness/figures.ts";
import {
  processorMs,
  residentMb,
  startForeign,
  startLoad,
  startProgram,
  YOUNG_GENERATION,
} from "./harness/processes.ts";

/**
 * What a switch costs and whether it loses requests: through the router alone and with Caddy in front, with slow answers
 * in flight; how long it takes with 1,000 routes; and the processor time of a proxied request beside Caddy's on the same
 * work. Router, Caddy, releases and load are processes of their own. Ends with 1 when a request failed or a bar is missed.
 */
const SWITCHES = 50;
const BETWEEN_SWITCHES_MS = 120;
const CONNECTIONS = 20;
const SLOW_CONNECTIONS = 8;
const ROUTES = 1_000;
const ROUNDS = 5;
const ROUND_MS = 4_000;
const HOST = "app.test";

const say = (line = ""): void => void process.stdout.write(`${line}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const missed: string[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const folder = await mkdtemp(join(tmpdir(), "bench-switch-"));
const control = join(folder, "control.sock");
const proxiedSocket = join(folder, "proxied.sock");
const [routerPort, frontPort, plainPort] = [await freePort(), await freePort(), await freePort()];

const releases = await startProgram<{ ports: number[] }>("serve-releases.ts", ["r1", "r2"]);
const [firstPort = 0] = releases.message.ports;
const targets: Target[] = releases.message.ports.map((port, i) => ({
  id: `r${i + 1}`,
  addresses: [{ host: "127.0.0.1", port }],
}));

const router = await startProgram("../../apps/router/src/main.ts", [], {
  WINDLASS_ROUTER_LISTEN: `127.0.0.1:${routerPort}`,
  WINDLASS_ROUTER_PROXIED_SOCKET: proxiedSocket,
  WINDLASS_ROUTER_CONTROL_SOCKET: control,
  WINDLASS_ROUTER_TABLE: join(folder, "table"),
  NODE_OPTIONS: YOUNG_GENERATION,
});
const idleMb = residentMb(router.child);
await commandRouter(control, "/apply", { service: "app", token: 1, hosts: [HOST], target: targets[0] });

const caddyfile = join(folder, "Caddyfile");
await writeFile(
  caddyfile,
  `{
  admin off
  auto_https off
}
http://:${frontPort} {
  reverse_proxy unix/${proxiedSocket} {
    flush_interval -1
    transport http {
      keepalive 60s
      keepalive_idle_conns_per_host 256
      compression off
    }
  }
}
http://:${plainPort} {
  reverse_proxy 127.0.0.1:${firstPort} {
    transport http {
      keepalive 60s
      keepalive_idle_conns_per_host 256
      compression off
    }
  }
}
`,
);
const caddy = await startForeign("caddy", ["run", "--config", caddyfile, "--adapter", "caddyfile"], "serving initial", {
  env: { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
});

let turn = 0;
function nextTarget(): Target {
  turn++;
  return targets[turn % targets.length] as Target;
}

const switchTo = (service: string, target: Target): Promise<SwitchResult> =>
  commandRouter<SwitchResult>(control, "/switch", { service, token: 1, target });

/** The floor: one small file made durable as the router's table is, with nothing around it. In milliseconds. */
function bareSave(): number {
  const started = performance.now();
  const file = openSync(join(folder, "floor.new"), "w");
  writeSync(file, "x".repeat(200));
  fdatasyncSync(file);
  closeSync(file);
  renameSync(join(folder, "floor.new"), join(folder, "floor"));
  const directory = openSync(folder, "r");
  fsyncSync(directory);
  closeSync(directory);
  return performance.now() - started;
}

async function switchUnderLoad(name: string, port: number): Promise<number> {
  const load = await startLoad({
    port,
    host: HOST,
    path: "/",
    slowPath: "/slow",
    connections: CONNECTIONS,
    slowConnections: SLOW_CONNECTIONS,
  });
  const inRouter: number[] = [];
  const atWorker: number[] = [];
  const floor: number[] = [];
  const drains: Promise<DrainResult>[] = [];
  for (let i = 0; i < SWITCHES; i++) {
    const started = performance.now();
    const { previous, switchMs } = await switchTo("app", nextTarget());
    atWorker.push(performance.now() - started);
    inRouter.push(switchMs);
    if (previous !== null)
      drains.push(
        commandRouter<DrainResult>(control, "/drain", {
          service: "app",
          token: 1,
          targetId: previous.id,
          timeoutMs: 60_000,
        }),
      );
    await pause(BETWEEN_SWITCHES_MS / 2);
    floor.push(bareSave());
    await pause(BETWEEN_SWITCHES_MS / 2);
  }
  const report = await load.stop();
  const cutOff = (await Promise.all(drains)).reduce((sum, drain) => sum + drain.cutOff, 0);
  const p99 = quantile(inRouter, 0.99);
  say(`${name}`);
  say(`  requests ${report.requests} (${report.slowRequests} of 3 s), failed ${report.failed}, cut off ${cutOff}`);
  if (report.failed > 0) say(`  ${JSON.stringify(report.failures)}`);
  say(`  switch in the router  p50 ${median(inRouter).toFixed(2)} ms  p99 ${p99.toFixed(2)} ms`);
  say(`  switch at the worker  p50 ${median(atWorker).toFixed(2)} ms  p99 ${quantile(atWorker, 0.99).toFixed(2)} ms`);
  say(`  floor: a bare save    p50 ${median(floor).toFixed(2)} ms  p99 ${quantile(floor, 0.99).toFixed(2)} ms`);
  say(
    `  answers ${Math.round(report.requests / report.seconds)}/s  p50 ${report.p50Ms.toFixed(2)} ms  p99 ${report.p99Ms.toFixed(2)} ms`,
  );
  if (report.failed > 0) missed.push(`${name}: ${report.failed} requests failed`);
  if (p99 > 50) missed.push(`${name}: switch p99 ${p99.toFixed(1)} ms, bar 50`);
  return report.requests;
}

/** Switches with nothing else going on, so that what the number of routes costs is not lost in the load. */
async function quietSwitches(): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < 200; i++) times.push((await switchTo("app", nextTarget())).switchMs);
  return times;
}

async function processorTime(name: string, port: number, child: typeof caddy): Promise<number> {
  const load = await startLoad({ port, host: HOST, path: "/", slowPath: "/slow", connections: 28, slowConnections: 0 });
  await pause(500);
  const before = processorMs(child);
  const begun = performance.now();
  await pause(ROUND_MS);
  const used = processorMs(child) - before;
  const seconds = (performance.now() - begun) / 1000;
  const report = await load.stop();
  if (report.failed > 0) missed.push(`${name}: ${report.failed} requests failed ${JSON.stringify(report.failures)}`);
  // The load runs a little longer than it is measured: its rate is what counts.
  return (used * 1000) / ((report.requests / report.seconds) * seconds);
}

say(
  `Switching between two releases, ${SWITCHES} times, ${CONNECTIONS} keep-alive connections and ${SLOW_CONNECTIONS} with slow answers`,
);
let total = await switchUnderLoad("through the router", routerPort);
total += await switchUnderLoad("through Caddy and the router", frontPort);
say(`  together ${total} requests`);
if (total < 50_000) missed.push(`only ${total} requests were sent, 50,000 are needed`);

say();
const one = await quietSwitches();
for (let i = 1; i < ROUTES; i++)
  await commandRouter(control, "/apply", { service: `s${i}`, token: 1, hosts: [`s${i}.test`], target: targets[0] });
const many = await quietSwitches();
say(`switch with 1 route       p50 ${median(one).toFixed(2)} ms  p99 ${quantile(one, 0.99).toFixed(2)} ms`);
say(`switch with ${ROUTES} routes   p50 ${median(many).toFixed(2)} ms  p99 ${quantile(many, 0.99).toFixed(2)} ms`);
if (quantile(many, 0.99) > 50) missed.push("switch with 1,000 routes: p99 above 50 ms");

say();
const ours: number[] = [];
const caddys: number[] = [];
await switchTo("app", targets[0] as Target);
await processorTime("warm-up", routerPort, router.child);
await processorTime("warm-up", plainPort, caddy);
for (let round = 0; round < ROUNDS; round++) {
  ours.push(await processorTime("router", routerPort, router.child));
  caddys.push(await processorTime("caddy", plainPort, caddy));
}
const ratio = median(ours) / median(caddys);
say(`processor time of a proxied request, median and span of ${ROUNDS} rounds`);
say(`  router ${spread(ours)} µs`);
say(`  caddy  ${spread(caddys)} µs`);
say(
  `  ratio  ${ratio.toFixed(2)} (${spread(
    ours.map((value, i) => value / (caddys[i] ?? 1)),
    2,
  )} by round), bar 0.75`,
);
if (ratio > 0.75) missed.push(`processor time ${ratio.toFixed(2)} of Caddy's, bar 0.75`);
say();
say(
  `router's resident memory: idle ${idleMb.toFixed(0)} MB, after ${ROUTES} routes and the load ${residentMb(router.child).toFixed(0)} MB`,
);

for (const child of [router.child, releases.child, caddy]) child.kill("SIGTERM");
await rm(folder, { recursive: true, force: true });
for (const line of missed) say(`MISSED ${line}`);
process.exit(missed.length > 0 ? 1 : 0);
