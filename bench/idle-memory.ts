import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { createApp, untilSucceeded } from "./harness/deployments.ts";
import { MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure } from "./harness/measure.ts";
import { canReadMemory, memoryOf } from "./harness/memory.ts";
import { printTable, report, say } from "./harness/report.ts";
import { type Stack, startStack } from "./harness/start-stack.ts";

/**
 * What the processes hold in memory when nothing happens: after the first start of a data folder, half a minute after
 * the second, and again after two deployments, some pages and some procedures. At the first start types are still to be
 * stripped, and what does that stays in memory. Resident memory counts pages that processes share once for each; the
 * proportional figure divides them.
 */
const FIRST_IDLE_MS = 10_000;
const IDLE_MS = 30_000;
const IDLE_AFTER_USE_MS = 10_000;
const PROCEDURES = 100;
const BAR_MB = 400;

await measure(async (stack) => {
  if (!canReadMemory) throw new Error("This measurement reads /proc, which only Linux has.");
  const windlass = await startStack(stack, { docker: false });
  const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  stack.defer(() => void bare.kill());
  await useALittle(windlass, "first");
  await sleep(FIRST_IDLE_MS);
  const first = readAll(windlass, bare.pid ?? 0);
  await windlass.restart();
  await sleep(IDLE_MS);
  const idle = readAll(windlass, bare.pid ?? 0);
  await useALittle(windlass, "second");
  await sleep(IDLE_AFTER_USE_MS);
  const used = readAll(windlass, bare.pid ?? 0);

  const three = (all: ReturnType<typeof readAll>, kind: "rssMb" | "pssMb") =>
    all.web[kind] + all.worker[kind] + all.router[kind];
  const row = (figure: string, all: ReturnType<typeof readAll>) => ({
    figure,
    value: `${three(all, "rssMb").toFixed(0)} MB`,
    spread: `${three(all, "pssMb").toFixed(0)} MB proportional`,
    against: `${(3 * all.bare.rssMb).toFixed(0)} MB three bare Node processes`,
    ratio: `${(three(all, "rssMb") / (3 * all.bare.rssMb)).toFixed(2)} ×`,
    bar: { text: `≤ ${BAR_MB} MB`, isMet: three(all, "rssMb") <= BAR_MB },
  });
  report("Memory of web, worker and router together, resident", [
    row(`second start, idle for ${IDLE_MS / 1000} s`, idle),
    row("second start, after a little use", used),
    row("first start, after a little use", first),
  ]);
  say();
  printTable(
    ["resident (proportional), MB", "idle", "after a little use", "first start, after a little use"],
    (Object.keys(idle) as (keyof typeof idle)[]).map((name) => [
      name,
      ...[idle, used, first].map((all) => `${all[name].rssMb.toFixed(0)} (${all[name].pssMb.toFixed(0)})`),
    ]),
  );
});

function readAll(windlass: Stack, bare: number) {
  const { web, worker, router, supervisor, postgres } = windlass.processes();
  return {
    web: memoryOf([web]),
    worker: memoryOf([worker]),
    router: memoryOf([router]),
    supervisor: memoryOf([supervisor]),
    postgres: memoryOf(postgres),
    bare: memoryOf([bare]),
  };
}

async function useALittle(windlass: Stack, name: string): Promise<void> {
  const { api, url, cookie, teamId } = windlass;
  const folder = makeRepository(`${windlass.repositories}/${name}`, {
    "package.json": MANIFEST(),
    "server.js": SERVER,
  });
  const environmentId = await createApp(windlass, { name, folder, runtime: "process" });
  for (let i = 0; i < 2; i++) {
    const { deploymentId } = await api.deployment.create.mutate({ environmentId });
    await untilSucceeded(windlass, deploymentId);
  }
  for (const page of ["/", "/apps", "/account"]) await (await fetch(url + page, { headers: { cookie } })).text();
  for (let i = 0; i < PROCEDURES; i++) await api.app.list.query({ teamId });
}
