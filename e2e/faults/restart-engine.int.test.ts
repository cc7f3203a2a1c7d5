import { requestDeployment } from "@windlass/api/operations";
import type { FindingKind } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultConfig } from "../stack/fault-app.ts";
import {
  casesOf,
  type Fault,
  type FaultCases,
  faultOf,
  type Outcome,
  openFaultCases,
  tableOf,
} from "../stack/fault-cases.ts";
import { openEngine } from "../stack/holdings.ts";
import { type EngineEnd, type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from "../stack/private-engine.ts";
import { ask } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { readRuntimeLog, talkingApp } from "../stack/talking-app.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// The Docker engine ends and starts again at the steps of a deployment and of a rollback: a real one, of this test's own.

const LEASE_MS = 2000;
const CASE = { timeout: 240_000 };
/**
 * Steps whose middle is long enough to be met, and differs from both of its ends. That of the start is the bench's alone
 * until it is understood (docs/status.md).
 */
const LONG: readonly string[] = ["build", "await healthy"];
const RESTARTS: { how: EngineEnd; keepsAlive: boolean }[] = [
  { how: "SIGKILL", keepsAlive: true },
  { how: "SIGKILL", keepsAlive: true },
  { how: "SIGTERM", keepsAlive: true },
  { how: "SIGKILL", keepsAlive: false },
  { how: "SIGTERM", keepsAlive: false },
];
const COUNTED = /^line \d+ /;
const why = await whyNoPrivateEngine();

describe.skipIf(why !== undefined)("an engine that restarts [needs docker]", () => {
  const outcomes: Outcome[] = [];
  let engine: PrivateEngine;
  let stack: Stack;
  let repository: TestRepository;
  let talking: TestRepository;
  let cases: FaultCases;

  beforeAll(async () => {
    engine = await startPrivateEngine();
    await engine.copyImage("node:22-slim");
    repository = createTestRepository();
    talking = createTestRepository();
    const repositories = [repository.folder, talking.folder];
    stack = await startStack({ runtime: "docker", leaseMs: LEASE_MS, repositories, engine });
    // A rollback then has to start what it goes back to.
    cases = await openFaultCases(stack, repository, { startMs: 100, config: { warmMinutes: 0 } });
  });

  afterAll(async () => {
    process.stdout.write(tableOf(`Docker engine restarted at each step, lease ${LEASE_MS} ms`, outcomes));
    await engine?.start();
    await cases?.stop();
    await stack?.stop();
    await engine?.remove();
    repository?.remove();
    talking?.remove();
  });

  const restart = (how: EngineEnd): Fault => ({
    strike: () => engine.end(how),
    mend: () => engine.start(),
    countsFrom: "return",
  });
  /** One after the other, in turn */
  const nextEnd = (): EngineEnd => (outcomes.length % 2 === 0 ? "SIGKILL" : "SIGTERM");

  describe("while containers run on", () => {
    const all = [...casesOf("deploy"), ...casesOf("rollback")];
    for (const one of all.filter(({ step, point }) => point !== "midway" || LONG.includes(step))) {
      it(`at "${one.step}" of a ${one.kind}, ${one.point}, is waited for`, CASE, async () => {
        const outcome = await cases.run(one, restart(nextEnd()));
        outcomes.push(outcome);
        expect(faultOf(outcome)).toBeUndefined();
        expect(outcome.end, outcome.why).toBe("succeeded");
      });
    }

    it("together with the worker is waited for by the next one", CASE, async () => {
      const outcome = await cases.run(
        { kind: "deploy", step: "switch traffic", point: "unwritten" },
        {
          countsFrom: "return",
          strike: async () => void (await Promise.all([engine.end("SIGTERM"), stack.worker.kill()])),
          async mend() {
            await stack.worker.start();
            await waitFor("the next worker to take over", async () => {
              const found = await stack.ctx.db.$queryRaw<unknown[]>`select 1 from "Lease" where "expiresAt" > now()`;
              return found.length > 0;
            });
            await engine.start();
          },
        },
      );
      expect(faultOf(outcome)).toBeUndefined();
      expect(outcome.end, outcome.why).toBe("succeeded");
    });

    it("and stays away fails the deployment, says so, and is found clean when it comes back", CASE, async () => {
      await stack.worker.kill();
      await stack.worker.start({ WINDLASS_ENGINE_PATIENCE_MS: "1000" });
      const id = await cases.reach({ step: "start release", status: "succeeded" }, () => cases.request("deploy"));
      await engine.end("SIGTERM");
      await cases.gate.open();
      const end = await stack.awaitEnd(id);
      expect(end).toMatchObject({ status: "failed", endReason: "runtime_unavailable" });
      expect(end.endDetail).toMatchObject({ cause: { code: "engine_away", place: "server" } });
      expect(end.warnings).not.toEqual([]);
      await engine.start();
      await expectTruth(stack, cases.app, cases.versions);
      expect(cases.prober.failures.slice(0, 5)).toEqual([]);
      await stack.worker.kill();
      await stack.worker.start({ WINDLASS_ENGINE_PATIENCE_MS: "60000" });
    });
  });

  describe("and kills its containers", () => {
    beforeAll(async () => {
      await engine.end("SIGTERM");
      await engine.start(false);
    });

    const countFindings = (kind?: FindingKind) =>
      stack.ctx.db.finding.count({ where: { endedAt: null, ...(kind ? { kind } : {}) } });

    it.each(["SIGTERM", "SIGKILL"] as const)("with %s has the app served again, and told of", CASE, async (how) => {
      await waitFor("nothing to be amiss", async () => (await countFindings()) === 0);
      await engine.end(how);
      await waitFor("the outage to be told", () => countFindings("runtime_unavailable"));
      const back = engine.start();
      await waitFor("the app", async () => {
        const answer = await ask(stack.routerPort, cases.app.host, "/", false, 1000).catch(() => undefined);
        return answer?.status === 200;
      });
      await back;
      await expectTruth(stack, cases.app, cases.versions);
      await waitFor("the end of what was told", async () => (await countFindings()) === 0);
    });

    for (const one of [
      { kind: "deploy", step: "build", point: "midway" },
      { kind: "deploy", step: "start release", point: "unwritten" },
      { kind: "deploy", step: "await healthy", point: "midway" },
      { kind: "deploy", step: "switch traffic", point: "unwritten" },
      { kind: "rollback", step: "retire previous", point: "unwritten" },
    ] as const) {
      it(`at "${one.step}" of a ${one.kind}, ${one.point}, does not fail what can be done again`, CASE, async () => {
        const outcome = await cases.run(one, restart(nextEnd()));
        outcomes.push(outcome);
        // Nothing can be served by an app that was ended.
        expect(faultOf({ ...outcome, unserved: [] })).toBeUndefined();
        expect(outcome.end, outcome.why).toBe("succeeded");
        const before = cases.prober.answers;
        await waitFor("answers again", () => cases.prober.answers > before + 5);
      });
    }
  });

  it("loses and doubles nothing of what the engine has of an app's log", CASE, async () => {
    const { environment } = await stack.createApp({
      name: "talker",
      url: talking.url,
      config: faultConfig("docker"),
    });
    talking.push(talkingApp());
    const id = await requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });
    expect(await stack.awaitEnd(id)).toMatchObject({ status: "succeeded" });
    const { name } = await stack.ctx.db.instance.findFirstOrThrow({ where: { releaseId: id } });
    const stored = async () =>
      (await readRuntimeLog(stack, environment.id)).filter((line) => COUNTED.test(line)).map(shorten);
    const starts = (lines: string[]) => lines.filter((line) => line === "line 0").length;
    const patience = { withinMs: 60_000, everyMs: 100 };
    const moreIsStored = async () => {
      const before = (await stored()).length;
      await waitFor("more lines", async () => (await stored()).length > before + 50, patience);
    };
    let started = 1;
    for (const { how, keepsAlive } of RESTARTS) {
      await moreIsStored();
      await engine.end(how);
      await engine.start(keepsAlive);
      if (!keepsAlive) {
        started += 1;
        // What was written before may still be stored after.
        await waitFor("the app to be started again", async () => starts(await stored()) === started, patience);
      }
    }
    await moreIsStored();
    const docker = await openEngine(engine.socketPath);
    const log = await docker.getContainer(name).logs({ stdout: true, stderr: true });
    const written = linesOf(log)
      .filter((line) => COUNTED.test(line))
      .map(shorten);
    await waitFor("all of it", async () => (await stored()).length >= written.length, patience);
    expect((await stored()).slice(0, written.length)).toEqual(written);
    expect(starts(written)).toBe(started);
  });

  it("is said in the deployment's log", async () => {
    const { db } = stack.ctx;
    const lines = JSON.stringify((await db.logChunk.findMany()).map((chunk) => chunk.lines));
    expect(lines).toContain("The Docker engine does not answer. It is waited for");
    expect(lines).toContain("The Docker engine answers again, after ");
  });
});

const shorten = (line: string): string => line.slice(0, line.indexOf(" says"));

/** Of a log as the engine gives it: frames of a header of 8 bytes, whose last 4 tell the length, and a payload. */
function linesOf(log: Buffer): string[] {
  let text = "";
  for (let at = 0; at < log.length; at += 8 + log.readUInt32BE(at + 4)) {
    text += log.toString("utf8", at + 8, at + 8 + log.readUInt32BE(at + 4));
  }
  return text.split("\n");
}
