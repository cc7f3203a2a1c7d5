import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../testing/create-test-database.ts";
import { applyMigrations, pendingChanges } from "./migrate.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

describe("the migrations", () => {
  it("lead to the schema file: nobody forgot one", async () => {
    expect(await pendingChanges(test.url)).toBe("");
  });

  it("apply once, however often they are asked for", async () => {
    expect(await applyMigrations(test.url)).toEqual([]);
  });

  it("refuse a second running deployment of an environment", async () => {
    const team = await test.db.team.create({ data: { slug: "t", name: "T" } });
    const app = await test.db.app.create({ data: { teamId: team.id, slug: "a", name: "A", source: {} } });
    const environment = await test.db.environment.create({
      data: {
        appId: app.id,
        teamId: team.id,
        slug: "production",
        name: "Production",
        branch: "main",
        runtime: "process",
        config: {},
      },
    });
    const row = (number: number) => ({
      environmentId: environment.id,
      teamId: team.id,
      number,
      kind: "deploy" as const,
      status: "running" as const,
      actorKind: "system" as const,
      actorName: "test",
      trigger: "test",
    });
    await test.db.deployment.create({ data: row(1) });
    await expect(test.db.deployment.create({ data: row(2) })).rejects.toMatchObject({ code: "P2002" });
  });
});
