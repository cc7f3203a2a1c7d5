import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { EnvironmentConfig, QUEUE_LIMITS } from "@windlass/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OperationContext } from "../operation.ts";
import { requestDeployment } from "./request-deployment.ts";

let test: TestDatabase;
let ctx: OperationContext;
let teamId: string;
let environment: { id: string; teamId: string; slug: string };
let woken: string[];

beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

let made = 0;
beforeEach(async () => {
  woken = [];
  const wakeEnvironment = async (_: unknown, job: { environmentId: string }) => void woken.push(job.environmentId);
  const actor = { kind: "user", id: null, name: "Ada" };
  ctx = { db: test.db, queue: { wakeEnvironment }, actor } as unknown as OperationContext;
  await test.db.deployment.deleteMany();
  teamId = (await test.db.team.create({ data: { slug: `team-${++made}`, name: "Team" } })).id;
  environment = await makeEnvironment();
});

async function makeEnvironment() {
  const slug = `app-${++made}`;
  const source = { kind: "git", url: "https://example.com/app.git" };
  const app = await test.db.app.create({ data: { teamId, slug, name: slug, source } });
  const config = EnvironmentConfig.parse({});
  return test.db.environment.create({
    data: { appId: app.id, teamId, slug: "production", name: slug, branch: "main", runtime: "process", config },
  });
}

type Change = Partial<Parameters<typeof requestDeployment>[1]>;
const ask = (change: Change = {}, by: OperationContext = ctx) =>
  requestDeployment(by, { environment, kind: "deploy", ref: "main", trigger: "test", ...change });
const rollBack = (by: OperationContext = ctx) => ask({ kind: "rollback", ref: "" }, by);
const statuses = async () => {
  const rows = await test.db.deployment.findMany({
    where: { environmentId: environment.id },
    orderBy: { number: "asc" },
  });
  return rows.map(({ status }) => status);
};
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("a newer request", () => {
  it("of the branch supersedes the one that waits, which says by which", async () => {
    const [first, second] = [await ask(), await ask()];
    const row = await test.db.deployment.findUniqueOrThrow({ where: { id: first } });
    expect(row).toMatchObject({ status: "superseded", endReason: "superseded" });
    expect(row.endDetail).toMatchObject({
      message: "Superseded before it started: Ada asked for a newer deployment, #2.",
      replacedBy: { deploymentId: second, number: 2 },
    });
    expect(await statuses()).toEqual(["superseded", "queued"]);
    expect(woken).toEqual([environment.id, environment.id]);
  });

  it("leaves alone what runs, what asks for a certain commit, redeploys and other environments", async () => {
    const running = await ask();
    await test.db.deployment.update({ where: { id: running }, data: { status: "running" } });
    await ask({ ref: COMMIT });
    await ask({ kind: "redeploy" });
    await ask({ environment: await makeEnvironment() });
    await ask();
    expect(await statuses()).toEqual(["running", "queued", "queued", "queued"]);
    expect(await test.db.deployment.count({ where: { status: "superseded" } })).toBe(0);
  });

  it("for a certain commit supersedes nothing", async () => {
    await ask();
    await ask({ ref: COMMIT });
    await ask({ ref: COMMIT });
    expect(await statuses()).toEqual(["queued", "queued", "queued"]);
  });

  it("keeps a waiting rollback, a consent to an older commit, and a build from scratch", async () => {
    await rollBack();
    await ask({ allowOlder: true });
    await ask({ rebuild: true });
    await ask();
    expect(await statuses()).toEqual(["queued", "queued", "queued", "queued"]);
  });

  it("to roll back supersedes waiting deploys of the branch and rollbacks, unless Windlass itself asks", async () => {
    await ask();
    await ask({ ref: COMMIT });
    await rollBack({ ...ctx, actor: { kind: "system", id: null, name: "Windlass" } });
    expect(await statuses()).toEqual(["queued", "queued", "queued"]);
    await rollBack();
    expect(await statuses()).toEqual(["superseded", "queued", "superseded", "queued"]);
  });

  it("made by many at once leaves exactly one waiting", async () => {
    await Promise.all(Array.from({ length: 5 }, () => ask()));
    const all = await statuses();
    expect(all.filter((status) => status === "queued")).toHaveLength(1);
    expect(all.at(-1)).toBe("queued");
  });
});

describe("a queue that is full", () => {
  const fill = (count: number, of: { id: string; teamId: string }) =>
    test.db.deployment.createMany({
      data: Array.from({ length: count }, (_, n) => ({
        environmentId: of.id,
        teamId: of.teamId,
        number: 100 + n,
        kind: "redeploy" as const,
        actorKind: "system" as const,
        actorName: "test",
        trigger: "test",
      })),
    });
  const throttled = (message: RegExp) => ({
    code: "throttled",
    retryable: true,
    message: expect.stringMatching(message),
  });

  it("refuses one more of an environment, and leaves nothing of the request behind", async () => {
    await fill(QUEUE_LIMITS.environment, environment);
    await expect(ask()).rejects.toMatchObject(throttled(/^20 deployments of this environment wait already/));
    expect(await test.db.deployment.count()).toBe(QUEUE_LIMITS.environment);
    expect(await test.db.auditEntry.count({ where: { teamId } })).toBe(0);
    expect(woken).toEqual([]);
  });

  it("takes a request that supersedes one", async () => {
    await fill(QUEUE_LIMITS.environment - 1, environment);
    await ask();
    await ask();
    expect((await statuses()).filter((status) => status === "queued")).toHaveLength(QUEUE_LIMITS.environment);
  });

  it("refuses one more of a team, or of all, but for a rollback", async () => {
    await fill(QUEUE_LIMITS.team, await makeEnvironment());
    await expect(ask()).rejects.toMatchObject(throttled(/^100 deployments of your team wait already/));
    const ofTeam = teamId;
    teamId = (await test.db.team.create({ data: { slug: `team-${++made}`, name: "Other" } })).id;
    const other = await makeEnvironment();
    await ask({ environment: other });
    await fill(QUEUE_LIMITS.total - QUEUE_LIMITS.team - 1, other);
    await test.db.deployment.updateMany({ where: { environmentId: other.id }, data: { teamId: ofTeam } });
    const calm = await makeEnvironment();
    await expect(ask({ environment: calm })).rejects.toMatchObject(throttled(/^1000 deployments of all teams wait/));
    await rollBack();
  });
});
