import { quantile } from "./harness/figures.ts";
import type { LoadKind } from "./harness/generate-mixed-load.ts";
import { startProgram } from "./harness/processes.ts";
import type { SwitchOrder, SwitchReport } from "./harness/switch-under-mixed-load.ts";

/**
 * 50 switches under every kind of traffic, counted apart, each old release stopped once it has drained, and a restart and
 * an upgrade of the router in the midst. Ends with 1 when a request failed or a bar is missed.
 */
const ORDER: SwitchOrder = {
  switches: 50,
  betweenMs: 300,
  // A restart and an upgrade are the same to the traffic: a new process takes over from the old one.
  replaceBefore: [17, 34],
  slowMs: 3_000,
  streamGraceMs: 200,
  lines: { "keep-alive": 12, "new connections": 2, "slow answers": 8, uploads: 2, "event streams": 6, WebSockets: 6 },
  uploadBytes: 4 * 1024 * 1024,
};
const UNITS: Record<LoadKind, string> = {
  "keep-alive": "requests",
  "new connections": "requests",
  "slow answers": "requests",
  uploads: "checksums right",
  "event streams": "events",
  WebSockets: "echoes",
};
const BAR_REQUESTS = 50_000;
const BAR_SWITCH_MS = 50;

const say = (line = ""): void => void process.stdout.write(`${line}\n`);
const missed: string[] = [];
const { message: report } = await startProgram<SwitchReport>("switch-under-mixed-load.ts", [JSON.stringify(ORDER)]);
const { load, switchMs, drains, replacedMs, killed, residentMb } = report;

say(`${ORDER.switches} switches, ${replacedMs.length} new routers in ${load.seconds.toFixed(0)} s`);
say(
  `  ${"traffic".padEnd(16)} ${"lines".padStart(5)} ${"done".padStart(9)}   ${"came again".padStart(10)} ${"failed".padStart(7)}`,
);
let requests = 0;
for (const [name, kind] of Object.entries(load.kinds)) {
  const lines = ORDER.lines[name as LoadKind];
  say(
    `  ${name.padEnd(16)} ${String(lines).padStart(5)} ${String(kind.done).padStart(9)}   ${String(kind.cameAgain).padStart(10)} ${String(kind.failed).padStart(7)}   ${UNITS[name as LoadKind]}`,
  );
  if (kind.failed > 0) {
    say(`    ${JSON.stringify(kind.failures)}`);
    missed.push(`${name}: ${kind.failed} requests failed`);
  }
  if (UNITS[name as LoadKind] === "requests") requests += kind.done;
}
const p99 = quantile(switchMs, 0.99);
say(
  `  drained ${drains.drained}, asked to come again ${drains.closed}, cut off ${drains.cutOff}; longest drain ${Math.round(drains.waitedMs)} ms`,
);
say(`  switch  p50 ${quantile(switchMs, 0.5).toFixed(2)} ms  p99 ${p99.toFixed(2)} ms`);
say(
  `  a new router takes over; the old one has finished after ${replacedMs.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(" and ")}`,
);
say(`  killed with -9: a new visitor waits ${Math.round(killed.waitMs)} ms and gets ${killed.status}`);
say(
  `  router's resident memory: idle ${residentMb.idle.toFixed(0)} MB, under this load ${residentMb.loaded.toFixed(0)} MB`,
);
if (drains.cutOff > 0) missed.push(`${drains.cutOff} requests failed: cut off`);
if (requests < BAR_REQUESTS) missed.push(`only ${requests} requests were sent, ${BAR_REQUESTS} are needed`);
if (p99 > BAR_SWITCH_MS) missed.push(`switch p99 ${p99.toFixed(1)} ms, bar ${BAR_SWITCH_MS}`);
for (const line of missed) say(`MISSED ${line}`);
process.exit(missed.length > 0 ? 1 : 0);
