import { requestDeployment, requestRollback } from "@windlass/api/operations";
import type { RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { processes } from "../stack/holdings.ts";
import { type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// The release before the live one runs on for a rollback: for a time, within a memory budget, and never for ever.

const LEASE_MS = 2000;
const CASE = { timeout: 120_000, concurrent: false };
const APP_MEMORY_MB = 128;

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("a release that stays warm, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const versions = new Map<string, string>();
  let stack: Stack;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    // Room for one release of one app.
    const settings = { WINDLASS_WARM_MEMORY_MB: String(APP_MEMORY_MB) };
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder], settings });
    const config = faultConfig(runtime, { resources: { memoryMb: APP_MEMORY_MB, cpus: 1 } });
    app = await stack.createApp({ name: "warm", url: repository.url, config });
    await deploy();
    prober = probeHost(stack.routerPort, app.host);
    await deploy();
  });

  afterAll(async () => {
    await prober?.stop();
    await stack?.stop();
    repository?.remove();
  });

  async function deploy(to = app): Promise<void> {
    const version = `version ${versions.size + 1}`;
    versions.set(repository.push(faultApp(version)), version);
    const { ctx } = stack;
    const request = { environment: to.environment, kind: "deploy", ref: "main", trigger: "test" } as const;
    expect(await stack.awaitEnd(await requestDeployment(ctx, request))).toMatchObject({ status: "succeeded" });
  }

  async function rollBackTo(releaseId: string) {
    const environment = await stack.ctx.db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
    const id = await requestRollback(stack.ctx, environment, releaseId, "test");
    const end = await stack.awaitEnd(id);
    const step = await stack.ctx.db.step.findUniqueOrThrow({
      where: { deploymentId_name: { deploymentId: id, name: "start release" } },
    });
    return { status: end.status, wasWarm: (step.result as { wasWarm: boolean }).wasWarm };
  }

  const instancesOf = (status: "running" | "warm", environmentId = app.environment.id) =>
    stack.ctx.db.instance.findMany({ where: { status, release: { environmentId } } });

  async function onlyWarm() {
    const [warm, ...others] = await instancesOf("warm");
    expect(others).toEqual([]);
    if (!warm) throw new Error("Nothing is warm.");
    return warm;
  }

  test("takes the traffic again as it is, and the one that was live stays warm", CASE, async () => {
    const [live] = await instancesOf("running");
    const warm = await onlyWarm();
    expect(await rollBackTo(warm.releaseId)).toEqual({ status: "succeeded", wasWarm: true });
    expect(await instancesOf("running")).toMatchObject([{ name: warm.name }]);
    expect(await onlyWarm()).toMatchObject({ name: live?.name });
    await expectTruth(stack, app, versions);
  });

  test("gives way to the next one, so that only the last that served stays warm", CASE, async () => {
    const [live] = await instancesOf("running");
    await deploy();
    await expectTruth(stack, app, versions);
    expect(await onlyWarm()).toMatchObject({ name: live?.name });
  });

  test("is started anew when it was killed meanwhile", CASE, async () => {
    const warm = await onlyWarm();
    await killInstance(warm.name);
    expect(await rollBackTo(warm.releaseId)).toEqual({ status: "succeeded", wasWarm: false });
    await expectTruth(stack, app, versions);
  });

  test("is warm no longer when it does not run any more as the worker starts", CASE, async () => {
    const warm = await onlyWarm();
    await stack.worker.kill();
    await killInstance(warm.name);
    await stack.worker.start();
    await waitFor("it to be cooled", async () => (await instancesOf("warm")).length === 0);
    await expectTruth(stack, app, versions);
    await deploy();
  });

  test("is stopped when its time is over, also when no worker lived at that time", CASE, async () => {
    const warm = await onlyWarm();
    await stack.worker.kill();
    await stack.ctx.db.instance.update({ where: { id: warm.id }, data: { warmUntil: new Date() } });
    await stack.worker.start();
    await expectTruth(stack, app, versions);
    expect(await instancesOf("warm")).toEqual([]);
    expect(await rollBackTo(warm.releaseId)).toEqual({ status: "succeeded", wasWarm: false });
  });

  test("is stopped when the memory set aside is taken by another one, the oldest first", CASE, async () => {
    const warm = await onlyWarm();
    const config = faultConfig(runtime, { resources: { memoryMb: APP_MEMORY_MB, cpus: 1 } });
    const other = await stack.createApp({ name: "other", url: repository.url, config });
    await deploy(other);
    await deploy(other);
    await waitFor("the oldest to be cooled", async () => (await instancesOf("warm")).length === 0);
    expect(await instancesOf("warm", other.environment.id)).toHaveLength(1);
    expect(await stack.ctx.db.instance.findUnique({ where: { id: warm.id } })).toMatchObject({ status: "stopped" });
    await expectTruth(stack, app, versions);
  });

  test("of all this nobody who uses the app noticed anything", CASE, () => {
    expect(prober.answers).toBeGreaterThan(0);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  });

  /** By hand, as a stranger would. */
  async function killInstance(name: string): Promise<void> {
    if (runtime === "docker") {
      if ("problem" in engine) throw new Error(engine.problem);
      await engine.engine.getContainer(name).stop({ t: 0 });
      return;
    }
    for (const { pid, environment } of await processes()) {
      if (environment.includes(`WINDLASS_FAMILY=${stack.holdings.owner}:${name}`)) process.kill(pid, "SIGKILL");
    }
  }
});
