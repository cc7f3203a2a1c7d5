import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, seedEnvironment, type TestDatabase } from "../testing/index.ts";
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
    const { team, environment } = await seedEnvironment(test.db);
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
