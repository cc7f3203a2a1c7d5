import { readStorage, requestCleanUp, requestDeployment, requestLook, requestRollback } from "@windlass/api/operations";
import { createDatabase } from "@windlass/db";
import type { CleanUpItem } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { readHeld } from "../stack/holdings.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// What a person asks to be removed goes, nothing else does, and what somebody wants back meanwhile stays.

const LEASE_MS = 2000;
/** On a machine that has much else to do */
const PATIENCE = { withinMs: 120_000 };
const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.skipIf("problem" in engine)("a clean-up on Docker [needs docker]", { timeout: 240_000 }, () => {
  const versions = new Map<string, string>();
  const releases: string[] = [];
  let stack: Stack;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;

  beforeAll(async () => {
    repository = createTestRepository();
    stack = await startStack({ runtime: "docker", leaseMs: LEASE_MS, repositories: [repository.folder] });
    const config = faultConfig("docker", { keepReleases: 10, warmMinutes: 0 });
    app = await stack.createApp({ name: "tidy", url: repository.url, config });
    for (let count = 1; count <= 4; count++) await deploy();
  }, 300_000);
  afterAll(async () => {
    await stack?.stop();
    repository?.remove();
  });

  async function deploy(): Promise<void> {
    const version = `version ${releases.length + 1}`;
    versions.set(repository.push(faultApp(version)), version);
    const { environment } = app;
    const request = { environment, kind: "deploy", ref: "main", trigger: "test" } as const;
    const id = await requestDeployment(stack.ctx, request);
    expect(await stack.awaitEnd(id, PATIENCE.withinMs)).toMatchObject({ status: "succeeded" });
    releases.push(id);
  }

  const environmentNow = () => stack.ctx.db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });

  async function keepOnly(keepReleases: number): Promise<void> {
    const config = faultConfig("docker", { keepReleases, warmMinutes: 0 });
    await stack.ctx.db.environment.update({ where: { id: app.environment.id }, data: { config } });
  }

  /** What the worker says that a clean-up would remove, looked at just now. */
  async function dryRun(): Promise<{ server: string; items: CleanUpItem[] }> {
    await waitFor("a first look", async () => (await readStorage(stack.ctx)).servers.length > 0, PATIENCE);
    await requestLook(stack.ctx);
    const seen = await waitFor(
      "a look",
      async () => {
        const [one] = (await readStorage(stack.ctx)).servers;
        return one && !one.isLooking && one;
      },
      PATIENCE,
    );
    return { server: seen.server, items: seen.picture.removable.filter(({ reason }) => reason === "past_kept") };
  }

  const awaitCleanUp = (id: string) =>
    waitFor(
      "the clean-up's end",
      async () => {
        const [one] = (await readStorage(stack.ctx)).servers;
        const found = one?.cleanUps.find((cleanUp) => cleanUp.id === id);
        return found?.status === "ended" && found;
      },
      PATIENCE,
    );

  const held = async () => (await readHeld(stack.holdings, app.environment.id)).releases;
  const keysOf = (items: readonly CleanUpItem[]) => items.map(({ key }) => key);

  it("shows what is past the kept releases, with its size, and removes nothing by looking", async () => {
    await keepOnly(2);
    const { items } = await dryRun();
    expect(items.map(({ name }) => name)).toEqual(["Release 1 of tidy, Production"]);
    for (const { bytes } of items) expect(bytes).toBeGreaterThan(0);
    expect(await held()).toEqual(releases.toSorted());
    const [server] = (await readStorage(stack.ctx)).servers;
    expect(server?.picture.disks.flatMap(({ uses }) => uses).toSorted()).toEqual(["docker", "process", "sources"]);
    expect(server?.picture.held.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["live", "kept", "leftover"]));
  });

  it("goes on after its worker was killed in the middle, and removes no more than was chosen", async () => {
    await keepOnly(1);
    const { server, items } = await dryRun();
    expect(items).toHaveLength(2);
    const chosen = items.filter(({ name }) => name.startsWith("Release 1 "));
    // The worker comes as far as this row and waits.
    const other = createDatabase(stack.databaseUrl, 1);
    const { promise: letGo, resolve: go } = Promise.withResolvers<void>();
    const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>();
    const holding = other.$transaction(
      async (tx) => {
        await tx.$queryRaw`select 1 from "Release" where "id" = ${releases[0]}::uuid for update`;
        isLocked();
        await letGo;
      },
      { timeout: 120_000 },
    );
    await locked;
    const id = await requestCleanUp(stack.ctx, server, keysOf(chosen));
    await waitFor(
      "the worker to wait",
      async () => {
        const waiting = await stack.ctx.db.$queryRaw<unknown[]>`
        select 1 from pg_stat_activity where "wait_event_type" = 'Lock' and "query" like '%"Release"%for update%'
          and "datname" = current_database()`;
        return waiting.length > 0;
      },
      PATIENCE,
    );
    await stack.worker.kill();
    go();
    await holding;
    await other.$disconnect();
    expect(await held()).toContain(releases[0]);
    await stack.worker.start();
    expect(await awaitCleanUp(id)).toMatchObject({ asked: 1, removed: 1, kept: [] });
    expect(await held()).toEqual(releases.slice(1).toSorted());
    const audited = await stack.ctx.db.auditEntry.findMany({ where: { action: { startsWith: "storage." } } });
    expect(audited.map(({ action, actorName }) => [action, actorName])).toEqual([
      ["storage.clean_up", "Fault test"],
      ["storage.cleaned_up", "Fault test"],
    ]);
    await expectTruth(stack, app, versions);
  });

  it("takes no release away that somebody asked to roll back to before", async () => {
    const wanted = releases[1] ?? "";
    const { items, server } = await dryRun();
    expect(keysOf(items)).toEqual([expect.stringContaining(wanted)]);
    await stack.worker.kill("SIGTERM");
    const id = await requestRollback(stack.ctx, await environmentNow(), wanted, "test");
    const cleanUpId = await requestCleanUp(stack.ctx, server, keysOf(items));
    await stack.worker.start();
    expect(await stack.awaitEnd(id, PATIENCE.withinMs)).toMatchObject({ status: "succeeded" });
    expect(await awaitCleanUp(cleanUpId)).toMatchObject({ removed: 0, kept: [{ kept: expect.any(String) }] });
    expect(await environmentNow()).toMatchObject({ currentReleaseId: wanted });
    await expectTruth(stack, app, versions);
  });

  it("at the same moment as a rollback either leaves its release or lets the rollback be refused in words", async () => {
    const wanted = releases[1] ?? "";
    await keepOnly(10);
    await deploy();
    await keepOnly(1);
    const { server, items } = await dryRun();
    expect(keysOf(items)).toEqual([expect.stringContaining(wanted)]);
    const environment = await environmentNow();
    const [cleaning, rollback] = await Promise.allSettled([
      requestCleanUp(stack.ctx, server, keysOf(items)),
      requestRollback(stack.ctx, environment, wanted, "test"),
    ]);
    if (cleaning.status === "rejected") throw cleaning.reason;
    const { removed } = await awaitCleanUp(cleaning.value);
    if (rollback.status === "fulfilled") {
      expect(await stack.awaitEnd(rollback.value, PATIENCE.withinMs)).toMatchObject({ status: "succeeded" });
      expect(removed).toBe(0);
      expect(await environmentNow()).toMatchObject({ currentReleaseId: wanted });
    } else {
      expect(rollback.reason).toMatchObject({ code: "conflict", message: expect.stringContaining("was cleaned up") });
      expect(await environmentNow()).toMatchObject({ currentReleaseId: environment.currentReleaseId });
    }
    await expectTruth(stack, app, versions);
  });
});
