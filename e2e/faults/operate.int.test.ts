import { readdir } from "node:fs/promises";
import path from "node:path";
import {
  createEnvironment,
  deleteApp,
  deleteEnvironment,
  type Operation,
  operateEnvironment,
  readDeployment,
  requestDeployment,
} from "@windlass/api/operations";
import type { GitRef, RuntimeKind } from "@windlass/domain";
import { createRouterClient, findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCanary } from "../stack/canary.ts";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { createFaultGate, type FaultGate } from "../stack/fault-gate.ts";
import { listFiles, readHeld } from "../stack/holdings.ts";
import { ask, type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// What people do with an environment beside deploying to it: more instances and fewer, restart, stop, start, another
// environment, and the end of it all. Nobody who uses the app may notice the first ones; nothing may be left of the last.

const LEASE_MS = 2000;
const CASE = { timeout: 240_000, concurrent: false };
const NOTHING = { instances: [], releases: [], networks: [], strays: [] };

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("an environment, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const versions = new Map<string, string>();
  const secret = makeCanary("copied");
  let stack: Stack;
  let gate: FaultGate;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;
  let staging: { environment: { id: string; teamId: string; slug: string }; host: string };

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder] });
    gate = await createFaultGate(stack.databaseUrl);
    const config = faultConfig(runtime, { instances: 2, warmMinutes: 0 });
    const variables = [{ key: "TOKEN", value: secret.value, isSecret: true }] as never;
    app = await stack.createApp({ name: "operated", url: repository.url, config, variables });
    versions.set(repository.push(faultApp("version 1")), "version 1");
    expect(await deploy(app)).toMatchObject({ status: "succeeded" });
    prober = probeHost(stack.routerPort, app.host);
  });

  afterAll(async () => {
    await prober?.stop();
    await gate?.end();
    await stack?.stop();
    repository?.remove();
  });

  /** Those that a person is told are live. */
  async function liveDeployments() {
    const rows = await stack.ctx.db.deployment.findMany({ where: { environmentId: app.environment.id } });
    const details = await Promise.all(rows.map(({ id }) => readDeployment(stack.ctx, id)));
    return details.filter(({ isLive }) => isLive);
  }

  async function deploy({ environment }: { environment: typeof app.environment }) {
    const request = { environment, kind: "deploy", ref: "main", trigger: "test" } as const;
    return stack.awaitEnd(await requestDeployment(stack.ctx, request));
  }

  const rowOf = (id: string) => stack.ctx.db.environment.findUniqueOrThrow({ where: { id } });

  async function operate(operation: Operation): Promise<string> {
    return operateEnvironment(stack.ctx, await rowOf(app.environment.id), operation, "test");
  }

  async function succeed(operation: Operation): Promise<void> {
    const end = await stack.awaitEnd(await operate(operation));
    expect(end).toMatchObject({ status: "succeeded", warnings: [] });
  }

  async function running(): Promise<string[]> {
    const rows = await stack.ctx.db.instance.findMany({
      where: { status: "running", release: { environmentId: app.environment.id } },
      orderBy: { ordinal: "asc" },
    });
    return rows.map(({ name }) => name);
  }

  test(
    "runs as many instances as it is told, and changes their number without a new one of those that stay",
    CASE,
    async () => {
      await expectTruth(stack, app, versions);
      const two = await running();
      await succeed({ kind: "scale", instances: 3 });
      await expectTruth(stack, app, versions);
      expect(await running()).toEqual(expect.arrayContaining(two));
      await succeed({ kind: "scale", instances: 1 });
      await expectTruth(stack, app, versions);
      expect(await running()).toEqual(two.slice(0, 1));
    },
  );

  test(
    "restarts as another instance of the same release, and goes on when the worker dies in between",
    CASE,
    async () => {
      const before = await running();
      await gate.close("commit");
      const id = await operate({ kind: "restart" });
      await gate.reached();
      await stack.worker.kill();
      await gate.open();
      const [end] = await Promise.all([stack.awaitEnd(id), stack.worker.start()]);
      expect(end).toMatchObject({ status: "succeeded" });
      await expectTruth(stack, app, versions);
      expect(await running()).not.toEqual(before);
    },
  );

  test("of all this nobody who uses the app noticed anything", CASE, async () => {
    await prober.stop();
    expect(prober.answers).toBeGreaterThan(0);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  });

  test("stops, says so to whoever comes, and stays stopped when worker and router start again", CASE, async () => {
    await gate.close({ step: "stop instances", status: "succeeded" });
    const id = await operate({ kind: "stop" });
    await gate.reached();
    await stack.worker.kill();
    await gate.open();
    const [end] = await Promise.all([stack.awaitEnd(id), stack.worker.start()]);
    expect(end).toMatchObject({ status: "succeeded" });
    await stack.router.kill();
    await stack.restartRouter();
    const page = await ask(stack.routerPort, app.host);
    expect(page.status).toBe(503);
    expect(page.body).toMatch(/operated is stopped.*Stopped by Fault test, since/s);
    expect(await readHeld(stack.holdings, app.environment.id)).toMatchObject({ instances: [], strays: [] });
    await expect(operate({ kind: "restart" })).rejects.toMatchObject({ code: "conflict" });
    expect(await liveDeployments()).toHaveLength(0);
    await succeed({ kind: "start" });
    expect(await liveDeployments()).toHaveLength(1);
    await expectTruth(stack, app, versions);
  });

  test("gets another one beside it, with its settings and secrets, at an address of its own", CASE, async () => {
    const { ctx } = stack;
    const copy = { branch: "main" as GitRef, copyFrom: app.environment.id, copyVariables: true };
    const owner = await ctx.db.app.findUniqueOrThrow({ where: { id: app.appId } });
    const id = await createEnvironment(ctx, owner, { name: "Staging", ...copy });
    await expect(createEnvironment(ctx, owner, { name: "staging", ...copy })).rejects.toMatchObject({
      code: "conflict",
    });
    const row = await ctx.db.environment.findUniqueOrThrow({
      where: { id },
      include: { routes: true, variables: true },
    });
    staging = { environment: row, host: row.routes[0]?.host ?? "" };
    expect(staging.host).toBe("operated-staging.localhost");
    const [variable] = row.variables;
    expect(ctx.cipher.decrypt(variable?.secret ?? new Uint8Array(), "variable").reveal()).toBe(secret.value);
    expect(await deploy(staging)).toMatchObject({ status: "succeeded" });
    await expectTruth(stack, { ...staging, runtime }, versions);
    const audit = JSON.stringify(await ctx.db.auditEntry.findMany());
    expect(audit).toContain("TOKEN");
    expect(audit).not.toContain(secret.value);
  });

  test(
    "is deleted whole: what runs is cancelled first, and another worker goes on when the first one dies",
    CASE,
    async () => {
      const { ctx } = stack;
      const row = await rowOf(staging.environment.id);
      await expect(deleteEnvironment(ctx, row, "staging", "test")).rejects.toMatchObject({ code: "invalid_input" });
      versions.set(repository.push(faultApp("version 2", { startMs: 60_000 })), "version 2");
      const request = { environment: staging.environment, kind: "deploy", ref: "main", trigger: "test" } as const;
      const busy = await requestDeployment(ctx, request);
      await gate.opened(busy, "await healthy");
      await gate.close({ step: "remove artifacts", status: "succeeded" });
      await deleteEnvironment(ctx, row, "Staging", "test");
      await expect(requestDeployment(ctx, request)).rejects.toMatchObject({ code: "conflict" });
      await gate.reached();
      expect(await ctx.db.deployment.findUnique({ where: { id: busy } })).toMatchObject({ status: "cancelled" });
      await stack.worker.kill();
      await gate.open();
      await stack.worker.start();
      await gone(staging);
      await expectTruth(stack, app, versions);
      expect(await ctx.db.auditEntry.count({ where: { action: "environment.deleted" } })).toBe(1);
    },
  );

  test("goes with its app, and then nothing is left but the audit", CASE, async () => {
    const { ctx, dataFolder, team } = stack;
    const row = await rowOf(app.environment.id);
    await expect(deleteEnvironment(ctx, row, row.name, "test")).rejects.toMatchObject({ code: "conflict" });
    await deleteApp(ctx, { id: app.appId, name: "operated" }, "operated", "test");
    await gone(app);
    expect(await ctx.db.app.count({ where: { teamId: team.id } })).toBe(0);
    const entry = { host: "127.0.0.1", port: stack.routerPort };
    const router = createRouterClient({ controlSocket: path.join(dataFolder, "router.sock"), entry });
    expect((await router.table()).services).toEqual([]);
    expect((await listFiles(path.join(dataFolder, "git"))).filter((file) => file.includes(".git/"))).toEqual([]);
    expect(await readdir(path.join(dataFolder, "apps/environments")).catch(() => [])).toEqual([]);
    expect(await ctx.db.auditEntry.count({ where: { action: "app.deleted" } })).toBe(1);
    // A slip of the row's order would leave these: what belongs to a deployment goes with it.
    expect(await ctx.db.logChunk.count()).toBe(0);
  });

  async function gone({ environment: { id }, host }: { environment: { id: string }; host: string }): Promise<void> {
    await waitFor(
      "the environment's rows to be gone",
      async () => {
        const failed = await stack.ctx.db.deployment.findFirst({
          where: { environmentId: id, kind: "delete", status: "failed" },
        });
        if (failed) throw new Error(JSON.stringify(failed.endDetail));
        return (await stack.ctx.db.environment.count({ where: { id } })) === 0;
      },
      { withinMs: 90_000 },
    );
    expect(await readHeld(stack.holdings, id)).toEqual(NOTHING);
    expect((await ask(stack.routerPort, host)).status).toBe(404);
  }
});
