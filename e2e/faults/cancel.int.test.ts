import { randomUUID } from "node:crypto";
import { cancelDeployment, requestDeployment, requestRollback } from "@windlass/api/operations";
import { AppSource, type EnvironmentConfig, type RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { createFaultGate, type FaultGate, type Moment } from "../stack/fault-gate.ts";
import { type HangingServer, hangingServer } from "../stack/hanging-server.ts";
import { processes } from "../stack/holdings.ts";
import { type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// A deployment, and a rollback, is cancelled at each of its stages. When its status says so, nothing of it is left: no
// process, no container, no folder; what was live serves all the time. How long it took is printed, and measured on a
// quiet machine by bench/cancel.ts.

const LEASE_MS = 2000;
const CASE = { timeout: 120_000, concurrent: false };
/** What hangs would hang for minutes */
const CEILING_MS = 20_000;

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("a cancel, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const mark = `cancel-${randomUUID()}`;
  const hang = ["node", "-e", `setInterval(() => {}, 1000); "${mark}"`];
  const versions = new Map<string, string>();
  const outcomes: string[] = [];
  let stack: Stack;
  let gate: FaultGate;
  let host: HangingServer;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    host = await hangingServer();
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder] });
    gate = await createFaultGate(stack.databaseUrl);
    app = await stack.createApp({ name: "cancel", url: repository.url, config: faultConfig(runtime) });
    for (let n = 0; n < 2; n++) {
      expect(await stack.awaitEnd(await deploy(faultApp(nextVersion())))).toMatchObject({ status: "succeeded" });
    }
    prober = probeHost(stack.routerPort, app.host);
  });

  afterAll(async () => {
    if (outcomes.length > 0) process.stdout.write(`\nCancelled at each stage\n${outcomes.join("\n")}\n`);
    await prober?.stop();
    await gate?.end();
    await stack?.stop();
    host?.close();
    repository?.remove();
  });

  const nextVersion = () => `version ${versions.size + 1}`;

  function deploy(files: Record<string, string>): Promise<string> {
    versions.set(repository.push(files), nextVersion());
    const { environment } = app;
    return requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });
  }

  async function rollBack(): Promise<string> {
    const { db } = stack.ctx;
    const environment = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
    const { id } = await db.release.findFirstOrThrow({
      where: { environmentId: environment.id, removedAt: null, id: { not: environment.currentReleaseId ?? "" } },
      orderBy: { number: "desc" },
    });
    return requestRollback(stack.ctx, environment, id, "test");
  }

  const cancel = (id: string) =>
    cancelDeployment(stack.ctx, { id, teamId: stack.team.id, environmentId: app.environment.id });

  /** As something else for one deployment. */
  async function withChange(change: { config?: object; source?: AppSource }, work: () => Promise<void>): Promise<void> {
    const { db } = stack.ctx;
    const before = await db.app.findUniqueOrThrow({ where: { id: app.appId } });
    const write = async (config: EnvironmentConfig, source: unknown) => {
      await db.environment.update({ where: { id: app.environment.id }, data: { config } });
      await db.app.update({ where: { id: app.appId }, data: { source: source as object } });
    };
    await write(faultConfig(runtime, change.config), change.source ?? before.source);
    try {
      await work();
    } finally {
      await write(faultConfig(runtime), before.source);
    }
  }

  const marked = async () => (await processes()).filter(({ argv }) => argv.includes(mark)).map(({ argv }) => argv);

  /** Cancels it once it has come there; then nothing of it is left. */
  async function cancelAt(stage: string, id: string, reached: () => Promise<unknown>): Promise<void> {
    await reached();
    const began = performance.now();
    expect(await cancel(id)).toMatch(/^It is being cancelled/);
    await gate.open();
    const end = await stack.awaitEnd(id);
    const tookMs = performance.now() - began;
    expect(await marked()).toEqual([]);
    expect(end).toMatchObject({ status: "cancelled", endReason: "cancelled" });
    expect(tookMs).toBeLessThan(CEILING_MS);
    outcomes.push(`  ${runtime.padEnd(8)} ${stage.padEnd(34)} ${Math.round(tookMs)} ms`);
    await expectTruth(stack, app, versions);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  }

  const runs = () => waitFor("the program to run", async () => (await marked()).length > 0);

  test("while git waits for a host that does not answer", CASE, () =>
    withChange({ source: AppSource.parse({ kind: "git", url: `http://${host.address}/app.git` }) }, async () => {
      await cancelAt("git that hangs", await deploy(faultApp(nextVersion())), host.connected);
    }),
  );

  test("while a command of the build runs", CASE, async () => {
    const version = faultApp(nextVersion());
    const files = {
      ...version,
      "build.js": `require("node:child_process").spawn(process.execPath, ${JSON.stringify(hang.slice(1))}, { stdio: "inherit" });`,
    };
    await cancelAt("build", await deploy(files), runs);
  });

  if (runtime === "process") {
    test("while npm waits for a registry that does not answer", CASE, async () => {
      const version = faultApp(nextVersion());
      const manifest = { ...JSON.parse(version["package.json"] ?? ""), dependencies: { "left-pad": "1.3.0" } };
      const files = {
        ...version,
        "package.json": JSON.stringify(manifest),
        ".npmrc": `registry=http://${host.address}/`,
      };
      await cancelAt("npm install", await deploy(files), host.connected);
      repository.push({ ".npmrc": "" });
    });
  } else {
    test("while the engine waits for a registry that does not answer", CASE, () =>
      withChange({ source: AppSource.parse({ kind: "image", image: `${host.address}/app:1` }) }, async () => {
        const { environment } = app;
        const ref = `${host.address}/app:1`;
        const id = await requestDeployment(stack.ctx, { environment, kind: "deploy", ref, trigger: "test" });
        await cancelAt("pull", id, host.connected);
      }),
    );
  }

  test("while the release command runs", CASE, () =>
    withChange({ config: { releaseCommand: hang } }, async () => {
      await cancelAt("release command", await deploy(faultApp(nextVersion())), runs);
    }),
  );

  test("as its instance starts", CASE, async () => {
    const id = await deploy(faultApp(nextVersion()));
    await cancelAt("start release", id, () => gate.opened(id, "start release"));
  });

  test("while the health gate waits for an app that also ignores the polite signal", CASE, async () => {
    const server = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);`;
    const id = await deploy({ ...faultApp(nextVersion()), "server.js": server });
    await cancelAt("await healthy, deaf app", id, () => gate.opened(id, "await healthy"));
  });

  const gated: { kind: "deploy" | "rollback"; step: string }[] = [
    { kind: "deploy", step: "plan" },
    { kind: "deploy", step: "fetch source" },
    { kind: "deploy", step: "switch traffic" },
    { kind: "rollback", step: "start release" },
    { kind: "rollback", step: "switch traffic" },
  ];
  for (const { kind, step } of gated) {
    test(`of a ${kind} that has just done "${step}"`, CASE, async () => {
      await gate.close({ step, status: "succeeded" } satisfies Moment);
      const id = await (kind === "deploy" ? deploy(faultApp(nextVersion())) : rollBack());
      await cancelAt(`${kind}: ${step}`, id, gate.reached);
    });
  }

  test("of a rollback to a stored release as it starts", CASE, async () => {
    const { db } = stack.ctx;
    await db.instance.updateMany({ where: { status: "warm" }, data: { warmUntil: new Date() } });
    await waitFor(
      "the warm release to be cooled",
      async () => (await db.instance.count({ where: { status: "warm" } })) === 0,
    );
    const id = await rollBack();
    await cancelAt("rollback to a stored one: start", id, () => gate.opened(id, "start release"));
  });

  test("is refused once its release is live, and says to roll back instead", CASE, async () => {
    await gate.close({ step: "retire previous", status: "running" });
    const id = await deploy(faultApp(nextVersion()));
    await gate.reached();
    await expect(cancel(id)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/already live: roll back instead/),
    });
    await gate.open();
    expect(await stack.awaitEnd(id)).toMatchObject({ status: "succeeded" });
    await expect(cancel(id)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/has ended/) });
  });

  test("of one that waits takes effect at once; a second cancel says that the first is under way", CASE, async () => {
    await gate.close({ step: "plan", status: "succeeded" });
    const running = await deploy(faultApp(nextVersion()));
    await gate.reached();
    const waiting = await deploy(faultApp(nextVersion()));
    expect(await cancel(waiting)).toBe("Cancelled. It had not started.");
    expect(await stack.ctx.db.deployment.findUnique({ where: { id: waiting } })).toMatchObject({ status: "cancelled" });
    await cancel(running);
    expect(await cancel(running)).toBe("It is being cancelled already.");
    await gate.open();
    expect(await stack.awaitEnd(running)).toMatchObject({ status: "cancelled" });
    await expectTruth(stack, app, versions);
  });

  test("without a worker says so; the next worker takes back what was made", CASE, async () => {
    await gate.close({ step: "await healthy", status: "succeeded" });
    const running = await deploy(faultApp(nextVersion()));
    await gate.reached();
    await stack.worker.kill();
    await gate.open();
    const { db } = stack.ctx;
    const isHeld = () =>
      db.lease.count({ where: { environmentId: app.environment.id, expiresAt: { gt: new Date() } } });
    await waitFor("the dead worker's lease to end", async () => (await isHeld()) === 0);
    const waiting = await deploy(faultApp(nextVersion()));
    expect(await cancel(waiting)).toBe("Cancelled. It had not started.");
    expect(await cancel(running)).toMatch(/^No worker is at work on it now/);
    await stack.worker.start();
    expect(await stack.awaitEnd(running)).toMatchObject({ status: "cancelled" });
    await expectTruth(stack, app, versions);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  });
});
