import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createWindlassClient } from "@windlass/client";
import { createApp, untilSucceeded } from "./harness/deployments.ts";
import { describe, median, ms, quantile, ratioOf } from "./harness/figures.ts";
import { MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure, until } from "./harness/measure.ts";
import { canReadMemory, memoryOf, processorMsOf } from "./harness/memory.ts";
import { type Row, report, say } from "./harness/report.ts";
import { type Stack, startStack } from "./harness/start-stack.ts";

/**
 * From the moment a build prints a line to the moment each viewer has it, over the real worker, Postgres and web; and
 * whether each viewer gets every line once and in order. Beside it the simplest rival: one `tail` per viewer on a file.
 * The number of viewers may be given as an argument.
 */
const VIEWERS = Number(process.argv[2] ?? 200);
const LINES = 200;
const EVERY_MS = 50;
/** Until every viewer is there */
const BEFORE_MS = 2_500;
const BAR_MS = 100;
const MEMORY_ROUNDS = 3;
/** Above what it had after the first round; the collector's own swings are smaller */
const FLAT_MB = 60;
const PRINTER = path.join(import.meta.dirname, "harness/print-lines.mjs");
const PRINTED = /^line (\d+) printed at ([\d.]+)$/;

const now = (): number => performance.timeOrigin + performance.now();

interface Viewed {
  /** From print to receipt, for each line in the order of receipt */
  latencies: number[];
  /** What was not as it should be, in words */
  problems: string[];
}

await measure(async (stack) => {
  const windlass = await startStack(stack, { docker: false });
  const folder = makeRepository(`${windlass.repositories}/app`, {
    "package.json": MANIFEST({ build: `node print-lines.mjs ${LINES} ${EVERY_MS} ${BEFORE_MS}` }),
    "print-lines.mjs": readFileSync(PRINTER, "utf8"),
    "server.js": SERVER,
  });
  const environmentId = await createApp(windlass, { name: "Printer", folder, runtime: "process" });
  const { web, worker } = canReadMemory ? windlass.processes() : { web: 0, worker: 0 };

  // Once with a few viewers, so that everything was used before.
  await viewDeployment(windlass, environmentId, 3);
  const before = { memory: memoryOf([web]), web: processorMsOf(web), worker: processorMsOf(worker) };
  const viewers = await viewDeployment(windlass, environmentId, VIEWERS);
  const after = { memory: memoryOf([web]), web: processorMsOf(web), worker: processorMsOf(worker) };
  // The same again, and again: what grows each time is not given back.
  const webMb = [after.memory.rssMb];
  for (let round = 0; round < MEMORY_ROUNDS; round++) {
    await viewDeployment(windlass, environmentId, VIEWERS);
    webMb.push(memoryOf([web]).rssMb);
  }
  const rival = await viewFile(stack);

  const latencies = viewers.flatMap((viewer) => viewer.latencies);
  const theirs = rival.viewers.flatMap((viewer) => viewer.latencies);
  const p99 = quantile(latencies, 0.99);
  const complete = viewers.filter((viewer) => viewer.problems.length === 0).length;
  const rows: Row[] = [
    {
      figure: "print → receipt, p99",
      value: ms(p99),
      spread: describe(latencies),
      against: `${ms(quantile(theirs, 0.99))} one tail each`,
      ratio: ratioOf(p99, quantile(theirs, 0.99)),
      bar: { text: `≤ ${BAR_MS} ms`, isMet: p99 <= BAR_MS },
    },
    {
      figure: "print → receipt, p50",
      value: ms(median(latencies)),
      against: `${ms(median(theirs))} one tail each`,
      ratio: ratioOf(median(latencies), median(theirs)),
    },
    {
      figure: "viewers with every line once, in order",
      value: `${complete} of ${VIEWERS}`,
      bar: { text: "all", isMet: complete === VIEWERS },
    },
  ];
  if (canReadMemory) {
    const perLine = (name: "web" | "worker") => ((after[name] - before[name]) / LINES).toFixed(1);
    rows.push({
      figure: "memory of web before → after each round",
      value: `${[before.memory.rssMb, ...webMb].map((mb) => mb.toFixed(0)).join(" → ")} MB`,
      against: `${rival.pssMb.toFixed(0)} MB of tails`,
      bar: { text: "flat", isMet: (webMb.at(-1) ?? 0) - after.memory.rssMb <= FLAT_MB },
    });
    rows.push({
      figure: "processor time for a line, web and worker",
      value: `${perLine("web")} + ${perLine("worker")} ms`,
    });
  }
  report(`Log line → ${VIEWERS} viewers, ${LINES} lines, one each ${EVERY_MS} ms`, rows);
  for (const problem of new Set(viewers.flatMap((viewer) => viewer.problems))) say(`  ${problem}`);
});

/** Deploys, and follows the build's log over as many WebSockets. */
async function viewDeployment(windlass: Stack, environmentId: string, count: number): Promise<Viewed[]> {
  const { deploymentId } = await windlass.api.deployment.create.mutate({ environmentId });
  const views = Array.from({ length: count }, () => viewLog(windlass, deploymentId));
  await untilSucceeded(windlass, deploymentId);
  return Promise.all(views);
}

async function viewLog({ url, token }: Stack, deploymentId: string): Promise<Viewed> {
  const client = createWindlassClient({ url, token });
  const latencies: number[] = [];
  const problems: string[] = [];
  let last = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const subscription = client.api.deployment.log.subscribe(
    { deploymentId },
    {
      onData: ({ data }) => {
        const receivedAt = now();
        for (const { seq, text } of data.lines) {
          if (seq !== last + 1) problems.push(`After line ${last} came line ${seq}.`);
          last = seq;
          const printedAt = PRINTED.exec(text)?.[2];
          if (printedAt) latencies.push(receivedAt - Number(printedAt));
        }
        if (data.isComplete) resolve();
      },
      onError: reject,
    },
  );
  const late = setTimeout(() => reject(new Error("A viewer's log did not come to its end.")), 60_000);
  await promise.finally(() => clearTimeout(late));
  subscription.unsubscribe();
  await client.close();
  if (latencies.length !== LINES) problems.push(`${latencies.length} of ${LINES} lines came.`);
  return { latencies, problems };
}

/** The same lines into a file, and a program that follows it for each viewer. */
async function viewFile(stack: AsyncDisposableStack): Promise<{ viewers: Viewed[]; pssMb: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "log");
  const output = openSync(file, "a");
  const tails = Array.from({ length: VIEWERS }, () => {
    const child = spawn("tail", ["-n", "+1", "-f", file], { stdio: ["ignore", "pipe", "inherit"] });
    stack.defer(() => void child.kill());
    const viewed: Viewed = { latencies: [], problems: [] };
    createInterface(child.stdout).on("line", (line) => {
      const printedAt = PRINTED.exec(line)?.[2];
      if (printedAt) viewed.latencies.push(now() - Number(printedAt));
    });
    return { child, viewed };
  });
  const printer = spawn(process.execPath, [PRINTER, `${LINES / 2}`, `${EVERY_MS}`, "1000"], {
    stdio: ["ignore", output, "inherit"],
  });
  stack.defer(() => void printer.kill());
  await sleep(2_000);
  const { pssMb } = memoryOf(tails.map(({ child }) => child.pid ?? 0));
  await until("the tails' lines", () =>
    tails.every(({ viewed }) => viewed.latencies.length === LINES / 2) ? true : undefined,
  );
  for (const { child } of tails) child.kill();
  return { viewers: tails.map(({ viewed }) => viewed), pssMb };
}
