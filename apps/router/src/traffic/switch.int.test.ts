import { expect, it } from "vitest";
import { startLoad } from "../testing/start-load.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter } from "../testing/start-test-router.ts";

const SWITCHES = 50;
const SLOW_MS = 1_000;

const startNext = (turn: number): Promise<TestRelease> =>
  startRelease(`r${turn}`, (req, res) => {
    if (req.url === "/slow") setTimeout(() => res.end(`r${turn}`), SLOW_MS);
    else res.end(`r${turn}`);
  });

it("loses no request over 50 switches with slow answers in flight, although each old release is stopped once drained", async () => {
  await using router = await startTestRouter();
  let live = await startNext(0);
  await router.control.apply("app", ["app.test"], live.target);
  const load = await startLoad({ port: router.port, host: "app.test", connections: 20, slowConnections: 8 });

  const retiring: Promise<void>[] = [];
  let cutOff = 0;
  for (let turn = 1; turn <= SWITCHES; turn++) {
    const next = await startNext(turn);
    const old = live;
    await router.control.switch("app", next.target);
    live = next;
    retiring.push(
      router.control.drain("app", old.target.id, 10_000).then((result) => {
        cutOff += result.cutOff;
        return old[Symbol.asyncDispose]();
      }),
    );
    // Each release serves for a while before the next one comes.
    const served = live.requests.length + 100;
    while (live.requests.length < served) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const report = await load.stop();
  await Promise.all(retiring);
  await live[Symbol.asyncDispose]();

  expect(report.failures).toEqual({});
  expect(report.failed).toBe(0);
  expect(cutOff).toBe(0);
  expect(report.slowRequests).toBeGreaterThan(8);
  expect(Object.keys(report.answers)).toHaveLength(SWITCHES + 1);
}, 30_000);
