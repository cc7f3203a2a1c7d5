import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

// A small form of `npm run bench switch-mixed`.
const PROGRAM = fileURLToPath(new URL("../../../../bench/harness/switch-under-mixed-load.ts", import.meta.url));

const ORDER = {
  switches: 12,
  betweenMs: 150,
  replaceBefore: [6],
  slowMs: 500,
  streamGraceMs: 50,
  lines: { "keep-alive": 4, "new connections": 1, "slow answers": 4, uploads: 2, "event streams": 3, WebSockets: 3 },
  uploadBytes: 1024 * 1024,
};

interface Kind {
  done: number;
  cameAgain: number;
  failures: Record<string, number>;
}

it("loses nothing of any kind over switches and a new router, although each old release is stopped once drained", async () => {
  const child = fork(PROGRAM, [JSON.stringify(ORDER)], { execArgv: [] });
  const [report] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the load ended with ${code}`))),
  ]);
  const kinds = report.load.kinds as Record<string, Kind>;
  for (const [name, { done, failures }] of Object.entries(kinds)) {
    expect(failures, name).toEqual({});
    expect(done, name).toBeGreaterThan(ORDER.switches / 2);
  }
  expect(kinds["event streams"]?.cameAgain).toBeGreaterThan(ORDER.switches);
  expect(kinds.WebSockets?.cameAgain).toBeGreaterThan(ORDER.switches);
  expect(report.drains).toMatchObject({ cutOff: 0 });
  expect(report.replacedMs).toHaveLength(1);
  expect(report.killed).toMatchObject({ status: 200 });
}, 120_000);
