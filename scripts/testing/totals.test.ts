import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { add, NOTHING, readPlaywright, readVitest } from "./totals.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "windlass-totals-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(report: object): string {
  const file = path.join(folder, "report.json");
  writeFileSync(file, JSON.stringify(report));
  return file;
}

it("counts a test file that could not be loaded as a failure", () => {
  const file = write({
    testResults: [
      { name: "/r/a.test.ts", status: "failed", assertionResults: [] },
      {
        name: "/r/b.test.ts",
        status: "passed",
        assertionResults: [
          { fullName: "works", status: "passed" },
          { fullName: "waits", status: "pending" },
          { fullName: "later", status: "todo" },
        ],
      },
    ],
  });
  const totals = readVitest(file, "/r", 1);
  expect(totals).toMatchObject({ passed: 1, failed: 1, skipped: 2, failures: ["a.test.ts"] });
  expect(totals.skips).toEqual(["b.test.ts: waits", "b.test.ts: later"]);
});

it("counts a runner that ended badly without a failed test as a failure", () => {
  const file = write({ testResults: [{ name: "/r/a.test.ts", status: "passed", assertionResults: [] }] });
  expect(readVitest(file, "/r", 1).failed).toBe(1);
  expect(readVitest(path.join(folder, "missing.json"), "/r", 0).failed).toBe(1);
});

it("adds the journeys of the browser to them", () => {
  const spec = (status: string) => ({ title: status, file: "a.spec.ts", tests: [{ status }] });
  const file = write({
    suites: [
      { title: "a", specs: [spec("expected")], suites: [{ title: "b", specs: [spec("unexpected"), spec("skipped")] }] },
    ],
  });
  const totals = add({ ...NOTHING, passed: 4 }, readPlaywright(file, 1));
  expect(totals).toMatchObject({ passed: 5, failed: 1, skipped: 1, failures: ["e2e/a.spec.ts: unexpected"] });
});
