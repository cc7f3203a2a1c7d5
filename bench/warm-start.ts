import { spawn } from "node:child_process";
import path from "node:path";
import { startEmbedded } from "@windlass/db/embedded";
import { median, ratioOf } from "./harness/figures.ts";
import { measure } from "./harness/measure.ts";
import { printTable, report, say } from "./harness/report.ts";
import { makeSite, startWindlass } from "./harness/start-stack.ts";

/**
 * From `npm start` to the line with the console's address, in a data folder whose sample app was live: the app runs and
 * answers by then. Beside it what can hardly be saved: Postgres, then Next with the built console, one after the other
 * and nothing else.
 */
const RUNS = 3;
const BAR_SECONDS = 10;
const NEXT = path.resolve(import.meta.dirname, "../node_modules/next/dist/bin/next");
const WEB = path.resolve(import.meta.dirname, "../apps/web");

const seconds = (values: readonly number[]): string => `${(median(values) / 1000).toFixed(1)} s`;
const range = (values: readonly number[]): string =>
  `min ${(Math.min(...values) / 1000).toFixed(1)} · max ${(Math.max(...values) / 1000).toFixed(1)}`;

await measure(async (stack) => {
  const site = await makeSite(stack);
  const first = await startWindlass(stack, site, { docker: true, sample: true });
  if (!first.output.includes("Sample app ")) throw new Error(`The sample app did not come up:\n${first.output}`);
  await first.stop();

  const warm: number[] = [];
  const floors: number[] = [];
  const parts = new Map<string, number[]>();
  for (let run = 0; run < RUNS; run++) {
    floors.push((await startPostgres(site.dataFolder)) + (await startNext(site.port)));
    const running = await startWindlass(stack, site, { docker: true, sample: true });
    warm.push(running.readyMs);
    for (const [, name = "", took = ""] of running.output.matchAll(/^ +✓ (\S[^\n]*?) {2,}[^\n]*?([\d.]+) s$/gm))
      parts.set(name, [...(parts.get(name) ?? []), Number(took) * 1000]);
    await running.stop();
  }
  report(`Warm start with the sample app live, ${RUNS} runs`, [
    {
      figure: "npm start → Console",
      value: seconds(warm),
      spread: range(warm),
      against: `${seconds(floors)} bare Postgres, then bare Next`,
      ratio: ratioOf(median(warm), median(floors)),
      bar: { text: `< ${BAR_SECONDS} s`, isMet: Math.max(...warm) < BAR_SECONDS * 1000 },
    },
    { figure: "the first start, sample app deployed", value: seconds([first.readyMs]) },
  ]);
  say();
  printTable(
    ["as the start tells it", "took", ""],
    [...parts].map(([name, values]) => [name, seconds(values), range(values)]),
  );
  say("  Router, worker and web start side by side: each is told from their common beginning.");
});

async function startPostgres(dataFolder: string): Promise<number> {
  const began = performance.now();
  const server = await startEmbedded(dataFolder);
  const took = performance.now() - began;
  server.stop();
  return took;
}

async function startNext(port: number): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [NEXT, "start", WEB, "--port", `${port}`, "--hostname", "127.0.0.1"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => {
      output += text;
      if (output.includes("Ready in")) resolve();
    });
    child.once("error", reject).once("exit", () => reject(new Error(`Next did not start:\n${output}`)));
  });
  const took = performance.now() - began;
  child.kill();
  await ended;
  return took;
}
