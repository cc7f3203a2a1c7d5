import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { BoundSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DrainResult, SwitchResult, Target } from "@windlass/domain";
import { commandRouter } from "./command-router.ts";
import type { LoadKind, MixedOrder, MixedReport } from "./generate-mixed-load.ts";
import { nextMessage, residentMb, startProgram, startRouterOn } from "./processes.ts";

/**
 * Switches from release to release under every kind of traffic, each old release stopped once it has drained, while the
 * router itself is replaced in the midst. A program, so that a test can run a small form of it: started with a
 * SwitchOrder as its only argument, it sends a SwitchReport over IPC and ends.
 */
export interface SwitchOrder {
  switches: number;
  betweenMs: number;
  /** Before which switches a new router takes over */
  replaceBefore: number[];
  slowMs: number;
  streamGraceMs: number;
  lines: Record<LoadKind, number>;
  uploadBytes: number;
}

export interface SwitchReport {
  load: MixedReport;
  switchMs: number[];
  drains: DrainResult;
  /** From the start of a new router to the end of the old one */
  replacedMs: number[];
  /** A new visitor's wait when the router is killed with -9 and started again at once, and what the visitor met */
  killed: { waitMs: number; status: number };
  residentMb: { idle: number; loaded: number };
}

const HOST = "app.test";
const order = JSON.parse(process.argv[2] ?? "{}") as SwitchOrder;
const folder = await mkdtemp(join(tmpdir(), "bench-mixed-"));
const control = join(folder, "control.sock");
const entrance = new BoundSocket({ host: "127.0.0.1", port: 0 });
const { port } = entrance.address();
const startRouter = () =>
  startRouterOn(entrance.fd(), {
    WINDLASS_ROUTER_LISTEN: `127.0.0.1:${port}`,
    WINDLASS_ROUTER_CONTROL_SOCKET: control,
    WINDLASS_ROUTER_TABLE: join(folder, "table"),
  });

let router = await startRouter();
const releases = (await startProgram("serve-releases.ts", [], { SLOW_MS: String(order.slowMs) })).child;

async function startRelease(turn: number): Promise<Target & { port: number }> {
  const started = nextMessage<{ port: number }>(releases);
  releases.send({ type: "start", name: `r${turn}` });
  const { port: at } = await started;
  return { id: `r${turn}`, addresses: [{ host: "127.0.0.1", port: at }], port: at };
}

const command = <T>(path: string, body: object): Promise<T> =>
  commandRouter<T>(control, path, { service: "app", token: 1, ...body });

let live = await startRelease(0);
await command("/apply", { hosts: [HOST], target: { id: live.id, addresses: live.addresses } });
const idle = residentMb(router);
const { lines, uploadBytes } = order;
const load = (
  await startProgram("generate-mixed-load.ts", [
    JSON.stringify({ port, host: HOST, lines, uploadBytes } satisfies MixedOrder),
  ])
).child;

const switchMs: number[] = [];
const drains: DrainResult = { drained: 0, closed: 0, cutOff: 0, waitedMs: 0 };
const retiring: Promise<void>[] = [];
const replacing: Promise<number>[] = [];

/** The old one is asked to end once the new one is ready, and finishes beside it. */
async function replaceRouter(): Promise<void> {
  const began = performance.now();
  const before = router;
  router = await startRouter();
  const exit = once(before, "exit");
  before.kill("SIGTERM");
  replacing.push(
    exit.then(([code]) => {
      if (code !== 0) throw new Error(`the old router ended with ${code}`);
      return performance.now() - began;
    }),
  );
}

async function retire(old: Target & { port: number }): Promise<void> {
  const result = await command<DrainResult>("/drain", {
    targetId: old.id,
    timeoutMs: 60_000,
    streamGraceMs: order.streamGraceMs,
  });
  drains.drained += result.drained;
  drains.closed += result.closed;
  drains.cutOff += result.cutOff;
  drains.waitedMs = Math.max(drains.waitedMs, result.waitedMs);
  releases.send({ type: "stop", port: old.port });
}

for (let turn = 1; turn <= order.switches; turn++) {
  if (order.replaceBefore.includes(turn)) await replaceRouter();
  const old = live;
  live = await startRelease(turn);
  const target: Target = { id: live.id, addresses: live.addresses };
  switchMs.push((await command<SwitchResult>("/switch", { target })).switchMs);
  retiring.push(retire(old));
  await sleep(order.betweenMs);
}
await Promise.all(retiring);
const replacedMs = await Promise.all(replacing);
const loaded = residentMb(router);
const report = nextMessage<MixedReport>(load);
load.send({ type: "stop" });
const whole: SwitchReport = {
  load: await report,
  switchMs,
  drains,
  replacedMs,
  killed: await killRouter(),
  residentMb: { idle, loaded },
};
process.send?.(whole);
for (const child of [router, releases]) child.kill("SIGKILL");
entrance.close();
await rm(folder, { recursive: true, force: true });
process.exit(0);

async function killRouter(): Promise<SwitchReport["killed"]> {
  const exit = once(router, "exit");
  router.kill("SIGKILL");
  await exit;
  const began = performance.now();
  const starting = startRouter();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get({ host: "127.0.0.1", port, agent: false, headers: { host: HOST } }, (res) => {
    res.resume().on("end", () => resolve(res.statusCode ?? 0));
  }).on("error", reject);
  const status = await promise;
  const waitMs = performance.now() - began;
  router = await starting;
  return { waitMs, status };
}
