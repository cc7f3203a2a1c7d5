// Every test that this machine can run: unit and integration tests, then the journeys in a browser. Says at the end
// what was missing and how to get it; the last line has the totals of all.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildConsole } from "../supervisor/build-console.ts";
import { prepareDataFolder } from "../supervisor/data-folder.ts";
import { errorMessage, StartFailure } from "../supervisor/start-failure.ts";
import { duration, Terminal } from "../supervisor/terminal.ts";
import { findParts, type Part } from "./find-parts.ts";
import { add, NOTHING, readPlaywright, readVitest, type Totals } from "./totals.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PLAYWRIGHT_CONFIG = "e2e/playwright.config.ts";

const focus = process.argv.slice(2);
const mustBeComplete = /^(1|true)$/i.test(process.env.CI ?? "");
const terminal = new Terminal();
const folder = mkdtempSync(path.join(tmpdir(), "windlass-npm-test-"));
const interrupted = new AbortController();
// Ctrl-C reaches the runners too; they end and tell, and so does this.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());

process.exitCode = await run().finally(() => rmSync(folder, { recursive: true, force: true }));

async function run(): Promise<number> {
  const startedAt = Date.now();
  terminal.line();
  const parts = await findParts();
  const isBuilt = await build();
  let totals = isBuilt ? NOTHING : { ...NOTHING, failed: 1, failures: ["the console could not be built"] };
  totals = add(totals, await runVitest());
  if (focus.length === 0 && isBuilt && !interrupted.signal.aborted) totals = add(totals, await runJourneys(parts));
  const missing = parts.filter((part) => !part.path);
  tellWhatIsMissing(missing, totals);
  const { passed, failed, skipped } = totals;
  terminal.line(`\n${terminal.dim(`After ${duration(Date.now() - startedAt)}.`)}`);
  terminal.line(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (interrupted.signal.aborted) return 130;
  const isIncomplete = mustBeComplete && (skipped > 0 || missing.length > 0);
  return failed > 0 || isIncomplete || passed === 0 ? 1 : 0;
}

async function build(): Promise<boolean> {
  const task = terminal.task("Console");
  try {
    const data = path.join(folder, "data");
    prepareDataFolder(data);
    const outcome = await buildConsole(ROOT, data, { signal: interrupted.signal, onBuild: (why) => task.say(why) });
    task.done(outcome === "built" ? "built" : "built before");
    return true;
  } catch (error) {
    task.fail(errorMessage(error));
    if (error instanceof StartFailure) for (const line of error.evidence) terminal.line(`    ${terminal.dim(line)}`);
    return false;
  }
}

async function runVitest(): Promise<Totals> {
  const report = path.join(folder, "vitest.json");
  const code = await runTests(
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...focus,
    ],
    {},
  );
  return readVitest(report, ROOT, code);
}

async function runJourneys(parts: Part[]): Promise<Totals> {
  const chromium = parts.find((part) => part.name === "Chromium")?.path;
  if (!existsSync(path.join(ROOT, PLAYWRIGHT_CONFIG))) return NOTHING;
  if (!chromium) return { ...NOTHING, skipped: 1, skips: ["the journeys in a browser (no Chromium)"] };
  const report = path.join(folder, "playwright.json");
  const code = await runTests(
    ["node_modules/@playwright/test/cli.js", "test", "--config", PLAYWRIGHT_CONFIG, "--reporter=list,json"],
    { PLAYWRIGHT_JSON_OUTPUT_NAME: report, WINDLASS_CHROMIUM: chromium },
  );
  return readPlaywright(report, code);
}

function runTests(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, argv, { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...env } });
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 130));
  });
}

function tellWhatIsMissing(missing: Part[], { skips, failures }: Totals): void {
  for (const [title, names] of [
    ["Failed", failures],
    ["Skipped", skips],
  ] as const) {
    if (names.length === 0 || (title === "Skipped" && !mustBeComplete)) continue;
    terminal.line(`\n  ${terminal.bold(title)}`);
    for (const name of names) terminal.line(`    ${name}`);
  }
  if (missing.length === 0) return;
  terminal.line(`\n  ${terminal.bold("Not on this machine")}`);
  for (const part of missing) terminal.line(`    ${part.name.padEnd(16)} ${terminal.dim(part.use)}`);
  terminal.line(
    `  ${terminal.bold("npm run provision")} installs and starts ${missing.length > 1 ? "them" : "it"} (Debian).`,
  );
  if (mustBeComplete) terminal.line("  In CI a missing part is a failure.");
}
