import { randomUUID } from "node:crypto";
import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { EnvironmentConfig } from "@windlass/domain";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../wiring.ts";
import { type Taken, takeNext } from "./take-next.ts";

let test: TestDatabase;
const taken: Taken[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
});
afterEach(async () => {
  for (const { lease } of taken.splice(0)) await lease.release();
  await test.db.team.findMany().then((teams) => Promise.all(teams.map(({ id }) => forget(id))));
});
afterAll(() => test.drop());

async function forget(teamId: string): Promise<void> {
  await test.db.app.deleteMany({ where: { teamId } });
  await test.db.team.delete({ where: { id: teamId } });
}

const makeTeam = (slug: string) => test.db.team.create({ data: { slug, name: slug } });

let made = 0;
async function makeEnvironment(teamId: string) {
  const slug = `app-${++made}`;
  const source = { kind: "git", url: "https://example.com/app.git" };
  const app = await test.db.app.create({ data: { teamId, slug, name: slug, source } });
  const config = EnvironmentConfig.parse({});
  return test.db.environment.create({
    data: { appId: app.id, teamId, slug, name: slug, branch: "main", runtime: "process", config },
  });
}

const numbers = new Map<string, number>();
async function wait(
  environment: { id: string; teamId: string },
  change: { kind?: "deploy" | "rollback"; status?: "running" } = {},
): Promise<string> {
  const number = (numbers.get(environment.id) ?? 0) + 1;
  numbers.set(environment.id, number);
  const { id: environmentId, teamId } = environment;
  const asked = { actorKind: "system", actorName: "test", trigger: "test", kind: "deploy" } as const;
  const row = await test.db.deployment.create({ data: { environmentId, teamId, number, ...asked, ...change } });
  return row.id;
}

function worker(change: { name?: string; perTeam?: number } = {}): Worker {
  const { name = "first", perTeam = 100 } = change;
  const places = { environments: 100, perTeam, builds: 1 };
  const parts = { db: test.db, holder: name, leaseMs: 60_000, server: "here", places };
  return { ...parts, shutdown: new AbortController().signal } as unknown as Worker;
}

async function take(by: Worker = worker(), hasPlace = true): Promise<string | undefined> {
  const next = await takeNext(by, { hasPlace });
  if (next) taken.push(next);
  return next?.deploymentId;
}

describe("the next deployment", () => {
  it("is the oldest of an environment, and none while another of it is at work", async () => {
    const environment = await makeEnvironment((await makeTeam("a")).id);
    const first = await wait(environment);
    await wait(environment);
    expect(await take()).toBe(first);
    expect(await take(worker({ name: "second" }))).toBeUndefined();
  });

  it("is the one of the team with the fewest at work, then the oldest", async () => {
    const [busy, calm] = [await makeTeam("a"), await makeTeam("b")];
    const first = await wait(await makeEnvironment(busy.id));
    const second = await wait(await makeEnvironment(busy.id));
    const third = await wait(await makeEnvironment(busy.id));
    const ofCalm = await wait(await makeEnvironment(calm.id));
    const order = [await take(), await take(worker({ name: "second" })), await take(), await take()];
    expect(order).toEqual([first, ofCalm, second, third]);
  });

  it("is a rollback before any deploy, and what was left behind before any other, which needs no free place", async () => {
    const team = await makeTeam("a");
    const deploy = await wait(await makeEnvironment(team.id));
    const rollback = await wait(await makeEnvironment(team.id), { kind: "rollback" });
    const left = await wait(await makeEnvironment(team.id), { status: "running" });
    expect(await take(worker(), false)).toBe(left);
    expect(await take(worker(), false)).toBeUndefined();
    expect([await take(), await take()]).toEqual([rollback, deploy]);
  });

  it("leaves the rest of a worker's places to other teams, when there are any, and another worker's to all", async () => {
    const team = await makeTeam("a");
    const [first, second, third] = [
      await wait(await makeEnvironment(team.id)),
      await wait(await makeEnvironment(team.id)),
      await wait(await makeEnvironment(team.id)),
    ];
    const shared = worker({ perTeam: 1 });
    expect([await take(shared), await take(shared)]).toEqual([first, second]);
    const other = await makeEnvironment((await makeTeam("b")).id);
    expect(await take(shared)).toBeUndefined();
    const ofOther = await wait(other);
    expect(await take(shared)).toBe(ofOther);
    expect(await take(worker({ name: "second", perTeam: 1 }))).toBe(third);
  });

  it("goes to exactly one of many workers, and the order between teams holds among them", async () => {
    const teams = await Promise.all(["a", "b", "c", "d"].map(makeTeam));
    const teamOf = new Map<string, string>();
    for (const team of teams) {
      for (let n = 0; n < 6; n++) teamOf.set(await wait(await makeEnvironment(team.id)), team.slug);
    }
    const order: string[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const by = worker({ name: randomUUID() });
        for (let id = await take(by); id !== undefined; id = await take(by)) order.push(id);
      }),
    );
    expect(new Set(order).size).toBe(24);
    const tokens = await test.db.lease.findMany({ where: { deploymentId: { in: order } } });
    expect(tokens.every(({ fencingToken }) => fencingToken === 1n)).toBe(true);
    // Each round gives every team one, whoever takes.
    const byLease = await test.db.$queryRaw<{ deploymentId: string }[]>`
      select "deploymentId" from "Lease" where "deploymentId" is not null order by xmin::text::bigint`;
    const rounds = byLease.map(({ deploymentId }) => teamOf.get(deploymentId));
    for (let round = 0; round < 6; round++) {
      expect(rounds.slice(round * 4, round * 4 + 4).sort(), `round ${round}`).toEqual(["a", "b", "c", "d"]);
    }
  });
});
