import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { canReadMemory } from "./harness/memory.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { type Row, type RowsMessage, say } from "./harness/report.ts";

// `npm run bench`: each measurement in turn, or those that are named. Ends with 1 when one could not be made or a request
// failed during a switch; a missed bar is said and is not an error.

interface Measurement {
  name: string;
  says: string;
  needs?: "Docker" | "Caddy" | "Linux";
  /** Takes long: only when asked for by its name */
  isApart?: boolean;
}

const MEASUREMENTS: Measurement[] = [
  { name: "queue", says: "request to deploy → worker starts" },
  { name: "cached-deploy", says: "a cached deploy beside the bare Docker calls", needs: "Docker" },
  { name: "rollback", says: "request → switched, to a warm and to a stored release", needs: "Docker" },
  { name: "kill-matrix", says: "worker, engine and database lost at every step" },
  { name: "order", says: "random histories while workers die", needs: "Docker" },
  { name: "broken-apps", says: "what broken apps are told", needs: "Docker" },
  { name: "cancel", says: "cancel → confirmed gone, by stage" },
  { name: "warm-start", says: "npm start with the sample app live" },
  { name: "log-intake", says: "a container's lines → Postgres, beside Docker's own follow", needs: "Docker" },
  { name: "log-fanout", says: "a log line → its viewers" },
  { name: "idle-memory", says: "memory when nothing happens", needs: "Linux" },
  { name: "first-page", says: "script of the first page" },
  { name: "soak", says: "a week in an hour: is everything given back?", needs: "Docker", isApart: true },
  { name: "switch-mixed", says: "switches and new routers under every kind of traffic" },
  { name: "switch", says: "switches under load, and a proxied request beside Caddy", needs: "Caddy" },
];

/** What `switch.ts` prints of a request that failed, as opposed to a bar that was missed. */
const FAILED_REQUESTS = /requests failed/;

interface Outcome {
  exitCode: number | null;
  rows: Row[];
  /** Lines that begin with MISSED */
  missed: string[];
}

let current: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop());
process.on("exit", () => current?.kill());

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !MEASUREMENTS.some((one) => one.name === name));
if (unknown.length > 0) {
  say(`There is no measurement called ${unknown.join(", ")}. There are:`);
  for (const { name, says } of MEASUREMENTS) say(`  ${name.padEnd(14)} ${says}`);
  process.exit(2);
}

const wanted = MEASUREMENTS.filter(({ name, isApart }) => (asked.length === 0 ? !isApart : asked.includes(name)));
const missing = await findMissing();
const leftOut = wanted.filter(({ needs }) => needs !== undefined && missing.has(needs));
const failures: string[] = [];
const missedBars: string[] = [];
let barsMet = 0;
const began = performance.now();

for (const { name, says } of wanted.filter((one) => !leftOut.includes(one))) {
  say(`\n── ${name}: ${says} ${"─".repeat(Math.max(3, 90 - name.length - says.length))}`);
  const { exitCode, rows, missed } = await run(name);
  for (const { figure, value, bar } of rows) {
    if (bar?.isMet) barsMet++;
    else if (bar) missedBars.push(`${name}: ${figure} ${value}, bar ${bar.text}`);
  }
  missedBars.push(...missed.filter((line) => !FAILED_REQUESTS.test(line)).map((line) => `${name}: ${line}`));
  failures.push(...missed.filter((line) => FAILED_REQUESTS.test(line)).map((line) => `${name}: ${line}`));
  if (exitCode !== 0 && missed.length === 0) failures.push(`${name} could not be measured`);
}

say(`\n${"─".repeat(96)}\n`);
say(`  ${barsMet} bars met in the tables, ${missedBars.length} missed, after ${clock(performance.now() - began)}.`);
for (const line of missedBars) say(`  MISSED  ${line}`);
for (const line of failures) say(`  FAILED  ${line}`);
for (const { name, needs } of leftOut)
  say(
    `  left out: ${name}, for ${needs} is missing here (${missing.get(needs ?? "")}). npm run provision installs it.`,
  );
process.exit(failures.length > 0 ? 1 : 0);

/** What this machine lacks, with what to do about it. */
async function findMissing(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const docker = await dockerEngine();
  if ("problem" in docker) found.set("Docker", `${docker.problem} npm run provision installs it on Debian.`);
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  if (!folders.some((folder) => existsSync(path.join(folder, "caddy")))) {
    found.set("Caddy", "Caddy is not on PATH. npm run provision installs it on Debian.");
  }
  if (!canReadMemory) found.set("Linux", "It reads /proc, which only Linux has.");
  return found;
}

function run(name: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const rows: Row[] = [];
  let output = "";
  const child = spawn(process.execPath, [path.join(import.meta.dirname, `${name}.ts`)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  current = child;
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  child.on("message", (message: RowsMessage) => {
    if (message.type === "rows") rows.push(...message.rows);
  });
  child.once("error", () => resolve({ exitCode: 1, rows, missed: [] }));
  child.once("close", (exitCode) => {
    current = undefined;
    const missed = output.split("\n").filter((line) => line.startsWith("MISSED "));
    resolve({ exitCode, rows, missed: missed.map((line) => line.slice("MISSED ".length)) });
  });
  return promise;
}

/** The measurement takes back what it made, then this ends too. */
function stop(): void {
  const ending = current;
  if (!ending) process.exit(130);
  ending.once("close", () => process.exit(130));
  ending.kill("SIGTERM");
}

function clock(elapsedMs: number): string {
  return `${Math.floor(elapsedMs / 60_000)} min ${Math.round((elapsedMs % 60_000) / 1000)} s`;
}
