// What is checked before the slow tests, each part on one line; a part that fails shows its output.
import { spawn } from "node:child_process";
import path from "node:path";
import { duration, Terminal } from "../supervisor/terminal.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PARALLEL = 2;

interface Check {
  name: string;
  argv: string[];
  hint: string;
}

const program = (file: string) => path.join(ROOT, "node_modules", file);

/** In CI every test runs next, with those that are slow. */
const isFollowedByTests = /^(1|true)$/i.test(process.env.CI ?? "");

const CHECKS: Check[] = [
  { name: "types", argv: [program("turbo/bin/turbo"), "run", "typecheck", "--output-logs=errors-only"], hint: "" },
  { name: "types of scripts", argv: [program("typescript/bin/tsc"), "-p", "scripts"], hint: "" },
  ...(isFollowedByTests
    ? []
    : [{ name: "unit tests", argv: [program("vitest/vitest.mjs"), "run", "--project", "unit"], hint: "" }]),
  {
    name: "format and lint",
    argv: [
      program("@biomejs/biome/bin/biome"),
      "check",
      "--error-on-warnings",
      "--skip=suspicious/noUndeclaredEnvVars",
      "--colors=off",
      ".",
    ],
    hint: "npx biome check --write . repairs most of it.",
  },
  { name: "boundaries", argv: ["scripts/boundaries/main.ts"], hint: "The rules are in scripts/boundaries/rules.ts." },
  {
    name: "unused code",
    argv: [program("knip/bin/knip.js"), "--no-progress"],
    hint: "Delete it, or name its use in knip.json.",
  },
];

interface Outcome {
  check: Check;
  isWell: boolean;
  output: string;
}

const terminal = new Terminal();
const startedAt = Date.now();
terminal.line();
const failed = (await runAll()).filter((outcome) => !outcome.isWell);
for (const { check, output } of failed) {
  terminal.line(`\n${terminal.red(`── ${check.name} `.padEnd(72, "─"))}\n`);
  terminal.line(output.trim());
  if (check.hint) terminal.line(`\n${check.hint}`);
}
const verdict = failed.length === 0 ? "All is well" : `${failed.length} of ${CHECKS.length} checks failed`;
terminal.line(`\n  ${verdict} ${terminal.dim(`after ${duration(Date.now() - startedAt)}`)}`);
process.exit(failed.length === 0 ? 0 : 1);

async function runAll(): Promise<Outcome[]> {
  const waiting = [...CHECKS];
  const outcomes: Outcome[] = [];
  const lane = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const began = Date.now();
      const outcome = await run(check);
      outcomes.push(outcome);
      const mark = outcome.isWell ? terminal.green("✓") : terminal.red("✗");
      terminal.line(`  ${mark} ${check.name.padEnd(20)} ${terminal.dim(duration(Date.now() - began).padStart(7))}`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return outcomes;
}

function run(check: Check): Promise<Outcome> {
  const child = spawn(process.execPath, check.argv, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", TURBO_TELEMETRY_DISABLED: "1", NEXT_TELEMETRY_DISABLED: "1" },
  });
  let output = "";
  child.stdout.on("data", (part: Buffer) => (output += part));
  child.stderr.on("data", (part: Buffer) => (output += part));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ check, isWell: false, output: error.message }));
    child.once("close", (code) => resolve({ check, isWell: code === 0, output }));
  });
}
