import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { requestDeployment, requestRollback } from "@windlass/api/operations";
import { DEPLOY_STEPS, ROLLBACK_STEPS, type RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { createFaultGate, type FaultGate, momentAfter } from "../stack/fault-gate.ts";
import { type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// The worker is killed at every step of a deployment, and at every step of a rollback, on both runtimes at once.

const LEASE_MS = 2000;
/** On a machine that has as many processors as it has to do; on a busier one all takes as much longer. */
const resolvedWithinMs = () => (LEASE_MS + 5000) * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
/** The two runtimes beside each other, the cases of one in turn */
const CASE = { timeout: 60_000, concurrent: false };

type Kind = "deploy" | "rollback";
/** Half-way through the step; once its effect is there but not yet written down; once it is, before the next begins. */
const POINTS = ["midway", "unwritten", "ended"] as const;
type Point = (typeof POINTS)[number];

/** Their effect is outside of the database: there it may be without a word of it written down. */
const HAS_EFFECT: ReadonlySet<string> = new Set(["build", "start release", "switch traffic", "retire previous"]);

interface Outcome {
  kind: Kind;
  step: string;
  point: Point | "late";
  end: string;
  /** From the kill until the next worker had the lease, and until the deployment's end */
  takenMs: number;
  endedMs: number;
  /** What the steps that were left usually take */
  restMs: number;
}

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("a worker that is killed, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const outcomes: Outcome[] = [];
  const usualMs = new Map<string, number>();
  const versions = new Map<string, string>();
  let stack: Stack;
  let gate: FaultGate;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder] });
    gate = await createFaultGate(stack.databaseUrl);
    const config = faultConfig(runtime, { instances: runtime === "docker" ? 2 : 1 });
    app = await stack.createApp({ name: "fault", url: repository.url, config });
    for (const kind of ["deploy", "deploy", "rollback"] as const) {
      const id = await request(kind);
      expect(await stack.awaitEnd(id)).toMatchObject({ status: "succeeded" });
      for (const { name, startedAt, endedAt } of await stack.ctx.db.step.findMany({ where: { deploymentId: id } })) {
        usualMs.set(`${kind} ${name}`, (endedAt?.getTime() ?? 0) - startedAt.getTime());
      }
    }
    prober = probeHost(stack.routerPort, app.host);
  });

  afterAll(async () => {
    process.stdout.write(table(runtime, outcomes));
    await prober?.stop();
    await gate?.end();
    await stack?.stop();
    repository?.remove();
  });

  async function request(kind: Kind): Promise<string> {
    const { ctx } = stack;
    const { environment } = app;
    if (kind === "deploy") {
      const version = `version ${versions.size + 1}`;
      versions.set(repository.push(faultApp(version)), version);
      return requestDeployment(ctx, { environment, kind, ref: "main", trigger: "test" });
    }
    const row = await ctx.db.environment.findUniqueOrThrow({ where: { id: environment.id } });
    const before = await ctx.db.release.findFirstOrThrow({
      where: { environmentId: row.id, removedAt: null, id: { not: row.currentReleaseId ?? "" } },
      orderBy: { number: "desc" },
    });
    return requestRollback(ctx, row && { ...row, slug: row.slug }, before.id, "test");
  }

  async function stopAt(kind: Kind, step: string, point: Point, id: () => Promise<string>): Promise<string> {
    await gate.close(point === "ended" ? momentAfter(kind, step) : { step, status: "succeeded" });
    const deploymentId = await id();
    if (point === "midway") {
      await gate.opened(deploymentId, step);
      await sleep((usualMs.get(`${kind} ${step}`) ?? 0) / 2);
    } else await gate.reached();
    return deploymentId;
  }

  async function fencingToken(): Promise<bigint> {
    const lease = await stack.ctx.db.lease.findUnique({ where: { environmentId: app.environment.id } });
    return lease?.fencingToken ?? 0n;
  }

  /** What the step and those after it take when nobody disturbs. */
  function restOf(kind: Kind, step: string): number {
    const steps: readonly string[] = kind === "deploy" ? DEPLOY_STEPS : ROLLBACK_STEPS;
    return steps.slice(steps.indexOf(step)).reduce((sum, name) => sum + (usualMs.get(`${kind} ${name}`) ?? 0), 0);
  }

  async function killAt(kind: Kind, step: string, point: Point, isLate = false): Promise<void> {
    const { db } = stack.ctx;
    const deploymentId = await stopAt(kind, step, point, () => request(kind));
    await stack.worker.kill();
    let began = performance.now();
    const row = await db.step.findUniqueOrThrow({ where: { deploymentId_name: { deploymentId, name: step } } });
    expect(row.status).toBe(point === "ended" ? "succeeded" : "running");
    const token = await fencingToken();
    await gate.open();
    if (isLate) {
      await waitFor("the dead worker's lease to end", async () => {
        const held = await db.$queryRaw<unknown[]>`select 1 from "Lease" where "expiresAt" > now()`;
        return held.length === 0;
      });
      began = performance.now();
    }
    const since = () => Math.round(performance.now() - began);
    const taken = waitFor("another worker to take over", async () => (await fencingToken()) > token).then(since);
    const [end, takenMs] = await Promise.all([stack.awaitEnd(deploymentId), taken, stack.worker.start()]);
    const [endedMs, restMs] = [since(), restOf(kind, step)];
    outcomes.push({ kind, step, point: isLate ? "late" : point, end: end.status, takenMs, endedMs, restMs });

    expect(["succeeded", "failed"]).toContain(end.status);
    expect(end.endReason).not.toBeNull();
    expect(takenMs, "time until another worker went on").toBeLessThan(resolvedWithinMs());
    expect(endedMs - restMs, "time until it was resolved, beside what was left to do").toBeLessThan(resolvedWithinMs());
    expect(await db.deployment.count({ where: { status: { in: ["queued", "running"] } } })).toBe(0);
    await expectTruth(stack, app, versions);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  }

  for (const step of DEPLOY_STEPS) {
    for (const point of POINTS.filter((one) => one !== "unwritten" || HAS_EFFECT.has(step))) {
      test(`at "${step}", ${point}, leaves a deployment that the next one brings to its end`, CASE, () =>
        killAt("deploy", step, point),
      );
    }
  }
  for (const step of ROLLBACK_STEPS) {
    for (const point of runtime === "docker" ? (["midway"] as const) : []) {
      test(`at "${step}" of a rollback, ${point}, leaves one that the next one brings to its end`, CASE, () =>
        killAt("rollback", step, point),
      );
    }
  }
  for (const moment of [
    { step: "undo: remove new release", status: "succeeded" },
    { step: "undo: remove artifact", status: "running" },
  ] as const) {
    test(
      `while it takes a failed deployment back ("${moment.step}" ${moment.status}) leaves the rest to the next one`,
      CASE,
      async () => {
        const { environment } = app;
        repository.push(faultApp("broken", { isBroken: true }));
        await gate.close(moment);
        const id = await requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });
        await gate.reached();
        await stack.worker.kill();
        await gate.open();
        const [end] = await Promise.all([stack.awaitEnd(id), stack.worker.start()]);
        expect(end).toMatchObject({ status: "failed", endReason: "unhealthy" });
        await expectTruth(stack, app, versions);
        expect(prober.failures.slice(0, 5)).toEqual([]);
      },
    );
  }
  for (const step of ["await healthy", "switch traffic"] as const) {
    test(`after "${step}" and comes back when its lease is over does not send traffic to what is gone`, CASE, () =>
      killAt("deploy", step, "ended", true),
    );
  }
});

function table(runtime: string, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(
    ({ kind, step, point, end, takenMs, endedMs, restMs }) =>
      `  ${runtime.padEnd(8)} ${kind.padEnd(9)} ${step.padEnd(16)} ${point.padEnd(10)} ${end.padEnd(10)} ` +
      `taken over ${String(takenMs).padStart(5)} ms, ended ${String(endedMs).padStart(5)} ms (rest usually ${restMs} ms)`,
  );
  return `\nWorker killed at each step, lease ${LEASE_MS} ms\n${rows.join("\n")}\n`;
}
