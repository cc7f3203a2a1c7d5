import { readdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requestDeployment, requestRollback } from "@windlass/api/operations";
import type { RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { createFaultGate, type FaultGate } from "../stack/fault-gate.ts";
import { ask, type Prober, probeHost } from "../stack/probe-host.ts";
import type { StackProcess } from "../stack/stack-process.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// A worker stands still past its lease: a paused machine, a process that was starved. Another one takes over; then the
// first wakes up in the middle of what it did.

const LEASE_MS = 2000;
/** A request that is held over a deployment, a lease's end and another worker's start, on a busy machine */
const HOLD_MS = 90_000;
const CASE = { timeout: 120_000, concurrent: false };

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("a worker that freezes, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const versions = new Map<string, string>();
  let stack: Stack;
  let gate: FaultGate;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;
  let frozen: StackProcess;
  let heir: StackProcess;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder] });
    frozen = stack.worker;
    heir = stack.addWorker("heir");
    gate = await createFaultGate(stack.databaseUrl);
    app = await stack.createApp({
      name: "fault",
      url: repository.url,
      config: faultConfig(runtime, { drainSeconds: HOLD_MS / 1000 }),
    });
    expect(await stack.awaitEnd(await deploy())).toMatchObject({ status: "succeeded" });
    prober = probeHost(stack.routerPort, app.host);
  });

  afterAll(async () => {
    await prober?.stop();
    await gate?.end();
    await stack?.stop();
    repository?.remove();
  });

  afterEach(async () => {
    if (isMissing) return;
    await gate.open();
    frozen.thaw();
    await heir.kill();
  });

  function deploy(): Promise<string> {
    const version = `version ${versions.size + 1}`;
    versions.set(repository.push(faultApp(version)), version);
    const { environment } = app;
    return requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });
  }

  /** It wakes up, and works on: what it had begun is over by the time it has done a deployment of its own. */
  async function thawAndWork(): Promise<void> {
    const { db } = stack.ctx;
    const before = Date.now();
    frozen.thaw();
    await waitFor("the worker to be awake", () =>
      db.workerReport.findFirst({
        where: { holder: { contains: `:${frozen.pid}:` }, seenAt: { gt: new Date(before) } },
      }),
    );
    await expectTruth(stack, app, versions);
    await heir.kill("SIGTERM");
    expect(await stack.awaitEnd(await deploy())).toMatchObject({ status: "succeeded" });
    await expectTruth(stack, app, versions);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  }

  /** The next worker brings it to its end while the first one stands still. */
  async function takeOver(deploymentId: string, meanwhile = async () => {}): Promise<void> {
    const token = async () =>
      (await stack.ctx.db.lease.findUniqueOrThrow({ where: { environmentId: app.environment.id } })).fencingToken;
    const before = await token();
    await heir.start();
    await waitFor("another worker to take over", async () => (await token()) > before, { withinMs: 20_000 });
    await meanwhile();
    expect(await stack.awaitEnd(deploymentId)).toMatchObject({ status: "succeeded" });
    await expectTruth(stack, app, versions);
  }

  test("in the middle of a write does not keep others from taking over", CASE, async () => {
    await gate.close({ step: "plan", status: "succeeded" });
    const id = await deploy();
    await gate.reached();
    frozen.freeze();
    await gate.open();
    await takeOver(id);
    await thawAndWork();
  });

  test("while its release starts does not remove what runs by then", CASE, async () => {
    const known = new Set(await instanceNames());
    const id = await deploy();
    await waitFor("the new instance", async () => (await instanceNames()).some((name) => !known.has(name)), {
      everyMs: 1,
    });
    frozen.freeze();
    await takeOver(id);
    await thawAndWork();
  });

  test("while the old release drains does not stop it when it was brought back meanwhile", CASE, async () => {
    const { db } = stack.ctx;
    const old = await db.instance.findFirstOrThrow({ where: { status: "running" }, include: { release: true } });
    const held = ask(stack.routerPort, app.host, "/hold", false, HOLD_MS);
    held.catch(() => {});
    const id = await deploy();
    await gate.opened(id, "retire previous");
    await sleep(300);
    frozen.freeze();
    await takeOver(id, async () => {
      await fetch(`http://${old.address}/release`);
      expect(await held).toMatchObject({ status: 200 });
    });
    const environment = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
    const back = await requestRollback(stack.ctx, environment, old.releaseId, "test");
    expect(await stack.awaitEnd(back)).toMatchObject({ status: "succeeded" });
    expect(await db.instance.findFirstOrThrow({ where: { status: "running" } })).toMatchObject({ name: old.name });
    await thawAndWork();
  });

  /** As the engine, or the disk, has them now. */
  async function instanceNames(): Promise<string[]> {
    if (runtime === "process") return readdir(path.join(stack.dataFolder, "apps/instances"));
    if ("problem" in engine) throw new Error(engine.problem);
    const label = [`io.windlass.owner=${stack.holdings.owner}`];
    const found = await engine.engine.listContainers({ all: true, filters: { label } });
    return found.map(({ Names }) => Names[0] ?? "");
  }
});
