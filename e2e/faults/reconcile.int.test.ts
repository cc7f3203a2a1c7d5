import { createHash, randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { requestDeployment, requestRollback } from "@windlass/api/operations";
import type { FindingKind, RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { processes } from "../stack/holdings.ts";
import { ask } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// What runs is changed behind Windlass's back; it notices, sets it right or says so.

const CASE = { timeout: 90_000, concurrent: false };
const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("what changed behind our back, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in found;
  const test = isMissing ? it.skip : it;
  const onDocker: typeof test = runtime === "docker" ? test : ((() => {}) as unknown as typeof test);
  const versions = new Map<string, string>();
  let stack: Stack;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    stack = await startStack({ runtime, leaseMs: 2000, repositories: [repository.folder] });
    app = await stack.createApp({ name: "fault", url: repository.url, config: faultConfig(runtime) });
    await deploy();
    await deploy();
  });

  afterAll(async () => {
    await stack?.stop();
    repository?.remove();
  });

  async function deploy(): Promise<void> {
    const version = `version ${versions.size + 1}`;
    versions.set(repository.push(faultApp(version, { startMs: 20 })), version);
    const request = { environment: app.environment, kind: "deploy", ref: "main", trigger: "test" } as const;
    expect(await stack.awaitEnd(await requestDeployment(stack.ctx, request))).toMatchObject({ status: "succeeded" });
  }

  const live = () =>
    stack.ctx.db.instance.findFirstOrThrow({ where: { status: "running", release: { currentEnvironment: {} } } });

  const repaired = (kind: FindingKind, since: Date) =>
    waitFor(
      `${kind} to be repaired`,
      () => stack.ctx.db.finding.findFirst({ where: { kind, state: "repaired", endedAt: { gt: since } } }),
      { withinMs: 60_000 },
    );

  async function answersAgain(): Promise<void> {
    await waitFor("the app to answer", async () => {
      const answer = await ask(stack.routerPort, app.host).catch(() => null);
      return answer?.status === 200;
    });
    await expectTruth(stack, app, versions);
  }

  function engine() {
    if ("problem" in found) throw new Error(found.problem);
    return found.engine;
  }

  async function killApp(): Promise<void> {
    if (runtime === "docker") {
      await engine()
        .getContainer((await live()).name)
        .kill();
      return;
    }
    const mark = `WINDLASS_FAMILY=${stack.holdings.owner}:${(await live()).name}`;
    for (const { pid, environment } of await processes()) if (environment.includes(mark)) process.kill(pid, "SIGKILL");
  }

  test("a killed app runs again, and the console and the audit tell of it", CASE, async () => {
    const since = new Date();
    await killApp();
    const finding = await repaired("instance_down", since);
    await answersAgain();
    expect(finding).toMatchObject({ environmentId: app.environment.id, tries: 1 });
    const entry = await stack.ctx.db.auditEntry.findFirst({ where: { action: "finding.repaired" } });
    expect(entry).toMatchObject({ actorKind: "system", teamId: stack.team.id });
  });

  test("after a reboot the app runs again before anything else is done", CASE, async () => {
    await stack.worker.kill();
    await killApp();
    await stack.worker.start();
    await answersAgain();
  });

  test("a router that lost its table is told again", CASE, async () => {
    const since = new Date();
    await stack.router.kill();
    const copies = (await readdir(stack.dataFolder)).filter((name) => name.startsWith("router-table.json"));
    for (const name of copies) await rm(path.join(stack.dataFolder, name));
    await stack.restartRouter();
    await repaired("route_lost", since);
    await answersAgain();
  });

  onDocker("a container removed by hand is made again", CASE, async () => {
    const since = new Date();
    const { name } = await live();
    await engine().getContainer(name).remove({ force: true });
    await repaired("instance_down", since);
    await answersAgain();
  });

  onDocker("a container taken off its network is put on it again", CASE, async () => {
    const since = new Date();
    const { name } = await live();
    const [network] = await engine().listNetworks({
      filters: { label: [`io.windlass.environment=${app.environment.id}`] },
    });
    await engine()
      .getNetwork(network?.Id ?? "")
      .disconnect({ Container: name, Force: true });
    await engine().getContainer(name).pause();
    await engine().getContainer(name).unpause();
    await repaired("instance_unreachable", since);
    await answersAgain();
  });

  onDocker(
    "a leftover with our mark goes, someone else's container on the network is told and left alone",
    CASE,
    async () => {
      const since = new Date();
      const { db } = stack.ctx;
      const row = await live();
      const details = await engine().getContainer(row.name).inspect();
      const networkName = Object.keys(details.NetworkSettings.Networks)[0] ?? "";
      const make = (name: string, labels: Record<string, string>) =>
        engine().createContainer({
          name,
          Image: details.Image,
          Labels: labels,
          HostConfig: { NetworkMode: networkName },
        });
      const stranger = await make(`stranger-${randomUUID().slice(0, 8)}`, {});
      try {
        const left = await make(`left-${randomUUID().slice(0, 8)}`, {
          ...details.Config.Labels,
          "io.windlass.release": randomUUID(),
        });
        await left.start();
        await repaired("instance_left", since);
        await expect(left.inspect()).rejects.toMatchObject({ statusCode: 404 });
        await waitFor("the stranger to be told", () =>
          db.finding.findFirst({ where: { kind: "stranger", state: "noted" } }),
        );
        expect((await stranger.inspect()).Name).toContain("stranger-");
      } finally {
        await stranger.remove({ force: true });
      }
      await answersAgain();
    },
  );

  onDocker("an image removed by hand is no longer offered for a rollback", CASE, async () => {
    const { db } = stack.ctx;
    const since = new Date();
    const { currentReleaseId } = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
    const kept = await db.release.findFirstOrThrow({
      where: { environmentId: app.environment.id, removedAt: null, id: { not: currentReleaseId ?? "" } },
    });
    await engine()
      .getImage((kept.artifact as { tag: string }).tag)
      .remove({ force: true });
    await killApp();
    await repaired("artifact_missing", since);
    const environment = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
    await expect(requestRollback(stack.ctx, environment, kept.id, "test")).rejects.toMatchObject({ code: "conflict" });
    await answersAgain();
  });

  test("an app that cannot be brought back is tried some times and then left to a person", CASE, async () => {
    const { db } = stack.ctx;
    const row = await live();
    const release = await db.release.findUniqueOrThrow({ where: { id: row.releaseId } });
    const config = { ...(release.config as object), command: [`no-such-${createHash("md5").digest("hex")}`] };
    await db.release.update({ where: { id: release.id }, data: { config } });
    if (runtime === "docker") await engine().getContainer(row.name).remove({ force: true });
    else await killApp();
    const finding = await waitFor(
      "it to be left to a person",
      () => db.finding.findFirst({ where: { kind: "instance_down", state: "needs_you" } }),
      { withinMs: 60_000 },
    );
    expect(finding.tries).toBeLessThanOrEqual(5);
    expect(finding.outcome).toContain("no-such-");
    await db.release.update({ where: { id: release.id }, data: { config: release.config as object } });
    await stack.worker.kill();
    await db.finding.update({ where: { id: finding.id }, data: { nextTryAt: new Date() } });
    await stack.worker.start();
    await answersAgain();
  });
});
