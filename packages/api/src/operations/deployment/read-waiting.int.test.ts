import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { EnvironmentConfig } from "@windlass/domain";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readWaiting } from "./read-waiting.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());
beforeEach(async () => {
  await test.db.workerReport.deleteMany();
  await test.db.app.deleteMany();
  await test.db.team.deleteMany();
});

let made = 0;
const makeTeam = () => test.db.team.create({ data: { slug: `team-${++made}`, name: "Team" } });

async function makeEnvironment({ id: teamId }: { id: string }) {
  const slug = `app-${++made}`;
  const source = { kind: "git", url: "https://example.com/app.git" };
  const app = await test.db.app.create({ data: { teamId, slug, name: slug, source } });
  const config = EnvironmentConfig.parse({});
  return test.db.environment.create({
    data: { appId: app.id, teamId, slug, name: slug, branch: "main", runtime: "process", config },
  });
}

type Environment = Awaited<ReturnType<typeof makeEnvironment>>;

async function ask({ id: environmentId, teamId }: Environment, status: "queued" | "running" = "queued") {
  const number = (await test.db.deployment.count({ where: { environmentId } })) + 1;
  const asked = { kind: "deploy", actorKind: "system", actorName: "test", trigger: "test" } as const;
  return test.db.deployment.create({ data: { environmentId, teamId, number, status, ...asked } });
}

/** A worker works on it. */
async function run(environment: Environment, lease: { buildAskedAt?: Date; isBuilding?: boolean } = {}) {
  const row = await ask(environment, "running");
  const held = { holder: "worker", fencingToken: 1, server: "here", expiresAt: new Date(Date.now() + 3600_000) };
  await test.db.lease.create({ data: { environmentId: environment.id, deploymentId: row.id, ...held, ...lease } });
  return row;
}

const report = (places: number, teamPlaces: number, buildPlaces = 1) =>
  test.db.workerReport.create({
    data: {
      holder: "worker",
      docker: false,
      detail: {},
      seenAt: new Date(),
      places,
      teamPlaces,
      server: "here",
      buildPlaces,
    },
  });

async function waiting(row: { id: string }) {
  return (await readWaiting(test.db, [row.id])).get(row.id);
}

it("says that no worker is connected", async () => {
  const row = await ask(await makeEnvironment(await makeTeam()));
  const text = "Next in line. No worker is connected: it starts as soon as one is.";
  expect(await waiting(row)).toEqual({ reason: "no_worker", position: 1, text, behind: null });
});

it("names the deployment of the same environment that comes before, at work or waiting", async () => {
  await report(4, 3);
  const environment = await makeEnvironment(await makeTeam());
  const [first, second, third] = [await run(environment), await ask(environment), await ask(environment)];
  expect(await waiting(first)).toBeUndefined();
  expect(await waiting(second)).toEqual({
    reason: "environment",
    position: 1,
    text: "Next in line. #1 of this environment is at work.",
    behind: { deploymentId: first.id, number: 1 },
  });
  expect(await waiting(third)).toEqual({
    reason: "environment",
    position: 2,
    text: "2nd in line. #2 of this environment comes first.",
    behind: { deploymentId: second.id, number: 2 },
  });
});

it("counts in the order that workers will take, and says when all places are taken", async () => {
  await report(1, 1);
  const [busy, calm] = [await makeTeam(), await makeTeam()];
  await run(await makeEnvironment(busy));
  const ofBusy = await ask(await makeEnvironment(busy));
  const ofCalm = await ask(await makeEnvironment(calm));
  expect(await waiting(ofCalm)).toMatchObject({ reason: "places", position: 1 });
  expect(await waiting(ofBusy)).toMatchObject({
    position: 2,
    text: "2nd in line. The one place for deployments at work is taken.",
  });
});

it("tells a team's share from a place that is free for it", async () => {
  await report(2, 1);
  const [busy, calm] = [await makeTeam(), await makeTeam()];
  await run(await makeEnvironment(busy));
  const ofBusy = await ask(await makeEnvironment(busy));
  expect(await waiting(ofBusy)).toMatchObject({ reason: "starting" });
  const ofCalm = await ask(await makeEnvironment(calm));
  expect(await waiting(ofBusy)).toMatchObject({ reason: "team_share", position: 2 });
  expect(await waiting(ofCalm)).toMatchObject({ reason: "starting", position: 1 });
});

it("tells of a build that waits for its server's places", async () => {
  await report(4, 4, 1);
  const team = await makeTeam();
  const building = await run(await makeEnvironment(team), { buildAskedAt: new Date(1000), isBuilding: true });
  const first = await run(await makeEnvironment(team), { buildAskedAt: new Date(2000) });
  const second = await run(await makeEnvironment(team), { buildAskedAt: new Date(3000) });
  expect(await waiting(building)).toBeUndefined();
  expect(await waiting(first)).toMatchObject({ reason: "build_places", position: 1 });
  expect(await waiting(second)).toEqual({
    reason: "build_places",
    position: 2,
    text: "2nd in line. The one place for builds on this server is taken.",
    behind: null,
  });
});
