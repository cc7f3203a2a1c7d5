// The supervisor: prepares the data folder, the database and the console, starts router, worker and web, keeps them
// running, and stops them in order. It loads no library, and what needs one is done by helpers that end.
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { bracketed } from "./child-environment.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { errorMessage, StartFailure } from "./start-failure.ts";
import { startWindlass } from "./start-windlass.ts";
import { StopList } from "./stop-list.ts";
import { duration, Terminal } from "./terminal.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Ctrl-C comes from the terminal and once more from npm: signals this close together are one. */
const ONE_SIGNAL_MS = 1_000;

const terminal = new Terminal();
const stops = new StopList();
const starting = new AbortController();
let isUp = false;
let stopRequestedAt = 0;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => requestStop());
// Started through another Node, which was killed.
if (process.channel) process.on("disconnect", () => requestStop());
let upgrade = async (): Promise<void> => {};
process.on("SIGUSR2", () => void upgrade());

await run();

async function run(): Promise<void> {
  const startedAt = Date.now();
  const options = await orExplain(async () => configure());
  if (!options) return;
  const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };
  terminal.line(`\n  ${terminal.bold("Windlass")} ${terminal.dim(version)}\n`);
  const firstRun = await orExplain(() =>
    startWindlass({
      root: ROOT,
      options,
      terminal,
      stops,
      signal: starting.signal,
      onUpgrade: (work) => {
        upgrade = work;
      },
    }),
  );
  if (!firstRun) return;
  isUp = true;
  const console = process.env.WINDLASS_PUBLIC_URL?.replace(/\/$/, "") || `http://${shownHost(options)}:${options.port}`;
  terminal.line(`\n  ${terminal.dim(`Ready in ${duration(Date.now() - startedAt)}. Ctrl-C stops everything.`)}\n`);
  terminal.line(`Console     ${terminal.accent(console)}`);
  if (firstRun.setupKey) terminal.line(`Set-up link ${terminal.accent(`${console}/setup?key=${firstRun.setupKey}`)}`);
  if (firstRun.sampleUrl) terminal.line(`Sample app  ${terminal.accent(firstRun.sampleUrl)}`);
  if (stopRequestedAt > 0) await stopEverything(0);
}

function configure(): Options | undefined {
  const file = path.join(ROOT, ".env");
  if (existsSync(file)) process.loadEnvFile(file);
  const options = readOptions(process.argv.slice(2), process.env, ROOT);
  if (options !== "help") return options;
  process.stdout.write(HELP);
  return undefined;
}

/** Runs a part of the start; when it fails, says why, stops what was started and sets the exit code. */
async function orExplain<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    terminal.failRunning();
    if (starting.signal.aborted) await stopEverything(130);
    else {
      explain(error);
      await stopEverything(error instanceof StartFailure ? error.exitCode : 1);
    }
    return undefined;
  }
}

function explain(error: unknown): void {
  const isTold = error instanceof StartFailure;
  const lines = isTold ? error.evidence : error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 8) : [];
  const out = (text: string) => process.stderr.write(`${text}\n`);
  out(`${terminal.red("✗")} ${errorMessage(error)}`);
  if (lines.length > 0) out(`\n${lines.map((line) => `    ${terminal.dim(line)}`).join("\n")}\n`);
  if (isTold) out(`  ${error.todo}`);
}

function requestStop(): void {
  const now = Date.now();
  if (stopRequestedAt > 0) {
    if (now - stopRequestedAt > ONE_SIGNAL_MS) stops.hurry();
    return;
  }
  stopRequestedAt = now;
  if (isUp) void stopEverything(0);
  else starting.abort();
}

async function stopEverything(exitCode: number): Promise<void> {
  // From here on the first signal counts as asked for, also when it was a failure that ended the start.
  stopRequestedAt ||= Date.now();
  starting.abort();
  if (!stops.isEmpty) terminal.line(`\n  ${terminal.dim("Stopping")}`);
  await stops.run(terminal);
  process.exit(exitCode);
}

/** The address that a browser can use: one of the machine's own when it listens on all of them. */
function shownHost({ host }: Options): string {
  if (host !== "0.0.0.0" && host !== "::") return bracketed(host);
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => address.family === "IPv4" && !address.internal);
  return outside?.address ?? "127.0.0.1";
}
