import { setTimeout as sleep } from "node:timers/promises";
import { type Live, openLive } from "@windlass/api/live";
import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { EnvironmentConfig } from "@windlass/domain";
import type { BuildRequest, ImageBuilder } from "@windlass/engine";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Lease } from "../lease/lease.ts";
import { whileNobodyBuilds } from "../storage/while-nobody-builds.ts";
import type { Worker } from "../wiring.ts";
import { limitBuilds } from "./take-build-place.ts";
import { takeNext } from "./take-next.ts";

const PLACES = 2;
const LEASE_MS = 60_000;

let test: TestDatabase;
let live: Live;
const leases: Lease[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  live = openLive(test.url);
});
afterEach(async () => {
  for (const lease of leases.splice(0)) await lease.release();
  await test.db.app.deleteMany();
});
afterAll(async () => {
  await live.close();
  await test.drop();
});

let made = 0;
const makeTeam = () => test.db.team.create({ data: { slug: `team-${++made}`, name: "Team" } });

/** A build of an environment of its own, which holds its place until it is finished. */
async function prepare(teamId: string, server = "here") {
  const slug = `app-${++made}`;
  const app = await test.db.app.create({
    data: { teamId, slug, name: slug, source: { kind: "git", url: "https://example.com/app.git" } },
  });
  const config = EnvironmentConfig.parse({});
  const environment = await test.db.environment.create({
    data: { appId: app.id, teamId, slug, name: slug, branch: "main", runtime: "process", config },
  });
  const asked = { kind: "deploy", actorKind: "system", actorName: "test", trigger: "test" } as const;
  await test.db.deployment.create({ data: { environmentId: environment.id, teamId, number: 1, ...asked } });
  const places = { environments: 100, perTeam: 100, builds: PLACES };
  const parts = { db: test.db, live, holder: `worker of ${slug}`, leaseMs: LEASE_MS, server, places };
  const worker = { ...parts, shutdown: new AbortController().signal } as unknown as Worker;
  const taken = await takeNext(worker, { hasPlace: true });
  if (!taken) throw new Error("Nothing was taken.");
  leases.push(taken.lease);
  const finish = Promise.withResolvers<never>();
  const cancel = new AbortController();
  const state = { isBuilding: false, isTold: false };
  const builder = {
    build: () => {
      state.isBuilding = true;
      return finish.promise;
    },
  } as unknown as ImageBuilder;
  const log = () => {
    state.isTold = true;
  };
  const begin = () => {
    const request = { sourceFolder: "/source" } as BuildRequest;
    const over = limitBuilds(worker, taken.lease, builder).build(request, { signal: cancel.signal, log });
    return over.catch(() => {}).finally(() => Object.assign(state, { isBuilding: false }));
  };
  return { state, begin, finish: () => finish.reject(new Error("Enough.")), cancel, lease: taken.lease };
}

const until = async (isSo: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 40_000; !isSo(); await sleep(5)) {
    if (Date.now() > deadline) throw new Error("Waited in vain.");
  }
};

describe("a place to build", () => {
  it("is for so many builds on a server, and goes on to who asked next when one ends or is given up", async () => {
    const { id } = await makeTeam();
    const builds = [await prepare(id), await prepare(id), await prepare(id), await prepare(id), await prepare(id)];
    const [first, second, third, fourth, fifth] = builds as [Build, Build, Build, Build, Build];
    for (const build of [first, second]) void build.begin();
    await until(() => first.state.isBuilding && second.state.isBuilding);
    for (const build of [third, fourth, fifth]) {
      void build.begin();
      await until(() => build.state.isTold);
    }
    const elsewhere = await prepare(id, "another server");
    void elsewhere.begin();
    await until(() => elsewhere.state.isBuilding);
    expect(builds.map(({ state }) => state.isBuilding)).toEqual([true, true, false, false, false]);
    third.cancel.abort(new Error("Cancelled."));
    first.finish();
    await until(() => fourth.state.isBuilding);
    expect(builds.map(({ state }) => state.isBuilding)).toEqual([false, true, false, true, false]);
    for (const build of [second, fourth]) build.finish();
    await until(() => fifth.state.isBuilding);
    for (const build of [fifth, elsewhere]) build.finish();
  });

  it("is given to the team with the fewest builds before those who asked earlier", async () => {
    const [busy, calm] = [await makeTeam(), await makeTeam()];
    const [first, second, third] = [await prepare(busy.id), await prepare(busy.id), await prepare(busy.id)];
    const other = await prepare(calm.id);
    for (const build of [first, second]) void build.begin();
    await until(() => first.state.isBuilding && second.state.isBuilding);
    for (const build of [third, other]) {
      void build.begin();
      await until(() => build.state.isTold);
    }
    first.finish();
    await until(() => other.state.isBuilding);
    expect(third.state.isBuilding).toBe(false);
    for (const build of [second, other]) build.finish();
    await until(() => third.state.isBuilding);
    third.finish();
  });

  it("of a worker that died is free once its environment is taken over", async () => {
    const { id } = await makeTeam();
    const [dead, other, waiting] = [await prepare(id), await prepare(id), await prepare(id)];
    for (const build of [dead, other]) void build.begin();
    await until(() => dead.state.isBuilding && other.state.isBuilding);
    void waiting.begin();
    await until(() => waiting.state.isTold);
    // Its renewals stop, and another worker comes for what it left behind.
    await test.db.lease.update({
      where: { environmentId: dead.lease.environmentId },
      data: { expiresAt: new Date(0), fencingToken: { increment: 1 } },
    });
    await test.db.lease.update({
      where: { environmentId: dead.lease.environmentId },
      data: { deploymentId: null, buildAskedAt: null, isBuilding: false },
    });
    await until(() => waiting.state.isBuilding);
    for (const build of [dead, other, waiting]) build.finish();
  });
});

type Build = Awaited<ReturnType<typeof prepare>>;

describe("what is done while nobody builds", () => {
  const worker = () => ({ db: test.db, server: "here", leaseMs: LEASE_MS }) as unknown as Worker;

  it("is not tried while somebody builds there; one's own place does not count", async () => {
    const { id } = await makeTeam();
    const build = await prepare(id);
    const over = build.begin();
    await until(() => build.state.isBuilding);
    expect(await whileNobodyBuilds(worker(), null, async () => expect.unreachable())).toBe(false);
    expect(await whileNobodyBuilds(worker(), build.lease, async () => {})).toBe(true);
    expect(await whileNobodyBuilds({ ...worker(), server: "elsewhere" }, null, async () => {})).toBe(true);
    build.finish();
    await over;
    expect(await whileNobodyBuilds(worker(), null, async () => {})).toBe(true);
  });

  it("keeps builds waiting until it is over", async () => {
    const { id } = await makeTeam();
    const build = await prepare(id);
    const done = Promise.withResolvers<void>();
    let isAtWork = false;
    const work = whileNobodyBuilds(worker(), null, async (confirm) => {
      isAtWork = true;
      await done.promise;
      await confirm();
      expect(build.state.isBuilding).toBe(false);
    });
    await until(() => isAtWork);
    const over = build.begin();
    await waitsForItsTurn();
    expect(build.state.isBuilding).toBe(false);
    done.resolve();
    expect(await work).toBe(true);
    await until(() => build.state.isBuilding);
    build.finish();
    await over;
  });
});

async function waitsForItsTurn(): Promise<void> {
  for (const deadline = Date.now() + 40_000; Date.now() < deadline; await sleep(5)) {
    const waiting = await test.db.$queryRaw<unknown[]>`
      select 1 from pg_locks where "locktype" = 'advisory' and not "granted"
        and "database" = (select oid from pg_database where datname = current_database())`;
    if (waiting.length > 0) return;
  }
  throw new Error("Nobody waits.");
}
