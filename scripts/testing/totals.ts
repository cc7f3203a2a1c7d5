import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
  /** Names, for the person who looks for them */
  failures: string[];
  skips: string[];
}

export const NOTHING: Totals = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };

export const add = (a: Totals, b: Totals): Totals => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...a.failures, ...b.failures],
  skips: [...a.skips, ...b.skips],
});

interface VitestReport {
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

/** A file that could not be loaded counts as one failed test, and so does a runner that ended badly for no test's sake. */
export function readVitest(report: string, root: string, exitCode: number): Totals {
  const found = read<VitestReport>(report);
  if (!found) return runnerFailed("vitest", exitCode);
  const names = { passed: [] as string[], failed: [] as string[], skipped: [] as string[] };
  for (const file of found.testResults) {
    const place = path.relative(root, file.name);
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
      names.failed.push(place);
    }
    for (const test of file.assertionResults) {
      const kind = test.status === "passed" || test.status === "failed" ? test.status : "skipped";
      names[kind].push(`${place}: ${test.fullName}`);
    }
  }
  return complete("vitest", names, exitCode);
}

interface PlaywrightSuite {
  title: string;
  suites?: PlaywrightSuite[];
  specs?: { title: string; file: string; tests: { status: string }[] }[];
}

export function readPlaywright(report: string, exitCode: number): Totals {
  const found = read<{ suites: PlaywrightSuite[] }>(report);
  if (!found) return runnerFailed("playwright", exitCode);
  const names = { passed: [] as string[], failed: [] as string[], skipped: [] as string[] };
  const visit = (suite: PlaywrightSuite): void => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        const kind = { expected: "passed", flaky: "passed", skipped: "skipped" }[test.status] ?? "failed";
        names[kind as keyof typeof names].push(`e2e/${spec.file}: ${spec.title}`);
      }
    }
    for (const inner of suite.suites ?? []) visit(inner);
  };
  for (const suite of found.suites) visit(suite);
  return complete("playwright", names, exitCode);
}

function complete(
  runner: string,
  names: { passed: string[]; failed: string[]; skipped: string[] },
  exitCode: number,
): Totals {
  const totals: Totals = {
    passed: names.passed.length,
    failed: names.failed.length,
    skipped: names.skipped.length,
    failures: names.failed,
    skips: names.skipped,
  };
  return exitCode !== 0 && totals.failed === 0 ? add(totals, runnerFailed(runner, exitCode)) : totals;
}

const runnerFailed = (runner: string, exitCode: number): Totals => ({
  ...NOTHING,
  failed: 1,
  failures: [`${runner} itself ended with code ${exitCode}; its message is above`],
});

function read<T>(file: string): T | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}
