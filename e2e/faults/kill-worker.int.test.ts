import type { RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import {
  type Case,
  casesOf,
  type FaultCases,
  faultOf,
  type Outcome,
  openFaultCases,
  tableOf,
} from "../stack/fault-cases.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// The worker is killed at every step of a deployment, and at every step of a rollback, on both runtimes at once.

const LEASE_MS = 2000;
/** The two runtimes beside each other, the cases of one in turn */
const CASE = { timeout: 180_000, concurrent: false };
/** Of several instances some are there and some are not when these are under way */
const SEVERAL: readonly string[] = ["start release", "await healthy", "retire previous"];

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("a worker that is killed, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const outcomes: Outcome[] = [];
  let stack: Stack;
  let repository: TestRepository;
  let cases: FaultCases;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder] });
    cases = await openFaultCases(stack, repository);
  });

  // One case that fails in between must not take the others with it.
  afterEach(async () => {
    if (!cases || stack.worker.isRunning) return;
    await cases.gate.open();
    await stack.worker.start();
  });

  afterAll(async () => {
    process.stdout.write(tableOf(`Worker killed at each step, on ${runtime}, lease ${LEASE_MS} ms`, outcomes));
    await cases?.stop();
    await stack?.stop();
    repository?.remove();
  });

  async function isHeld(): Promise<boolean> {
    return (await stack.ctx.db.$queryRaw<unknown[]>`select 1 from "Lease" where "expiresAt" > now()`).length > 0;
  }

  /** The next one comes at once, or when the lease of the dead one is over. */
  async function killAt(one: Case, { isLate = false } = {}): Promise<void> {
    const { db } = stack.ctx;
    const outcome = await cases.run(one, {
      countsFrom: isLate ? "return" : "strike",
      async strike() {
        await stack.worker.kill();
        const row = await db.step.findFirstOrThrow({ where: { name: one.step }, orderBy: { startedAt: "desc" } });
        expect(row.status).toBe(one.point === "ended" ? "succeeded" : "running");
      },
      async mend() {
        if (isLate) await waitFor("the dead worker's lease to end", async () => !(await isHeld()));
        await stack.worker.start();
      },
    });
    outcomes.push(outcome);
    expect(faultOf(outcome)).toBeUndefined();
  }

  for (const one of [
    ...casesOf("deploy"),
    ...casesOf("rollback", runtime === "docker" ? ["midway"] : ["unwritten", "ended"]),
  ]) {
    const instances = SEVERAL.includes(one.step) && one.kind === "deploy" && runtime === "docker" ? 2 : 1;
    test(
      `at "${one.step}" of a ${one.kind}, ${one.point}, leaves one that the next one brings to its end`,
      CASE,
      async () => {
        await cases.configure({ instances });
        await killAt(one);
      },
    );
  }
  for (const moment of [
    { step: "undo: remove new release", status: "succeeded" },
    { step: "undo: remove artifact", status: "running" },
  ] as const) {
    test(
      `while it takes a failed deployment back ("${moment.step}" ${moment.status}) leaves the rest to the next one`,
      CASE,
      async () => {
        const id = await cases.reach(moment, () => cases.request("deploy", true));
        await stack.worker.kill();
        await cases.gate.open();
        const [end] = await Promise.all([stack.awaitEnd(id), stack.worker.start()]);
        expect(end).toMatchObject({ status: "failed", endReason: "unhealthy" });
        await expectTruth(stack, cases.app, cases.versions);
        expect(cases.prober.failures.slice(0, 5)).toEqual([]);
      },
    );
  }
  for (const step of ["await healthy", "switch traffic"] as const) {
    test(`after "${step}" and comes back when its lease is over does not send traffic to what is gone`, CASE, () =>
      killAt({ kind: "deploy", step, point: "ended" }, { isLate: true }),
    );
  }
});
