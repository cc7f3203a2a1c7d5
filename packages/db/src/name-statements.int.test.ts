import { expect, it } from "vitest";
import { nameStatements } from "./name-statements.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

it("has the database keep prepared what is asked again and again, and nothing that is made up anew each time", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const kept = await db.$transaction(async (tx) => {
      for (let time = 0; time < 6; time++) {
        await tx.team.findMany({ where: { slug: `team ${time}` } });
        await tx.$queryRawUnsafe(`select ${time} as "made up"`);
      }
      return tx.$queryRaw<{ statement: string }[]>`select "statement" from pg_prepared_statements`;
    });
    expect(kept.filter(({ statement }) => statement.includes(`"Team"`))).toHaveLength(1);
    expect(kept.filter(({ statement }) => statement.includes("made up"))).toEqual([]);
  } finally {
    await drop();
  }
});

it("names what is used often, however much comes between that is used once", () => {
  const nameOf = nameStatements();
  const use = (sql: string) => nameOf({ sql });
  for (let time = 0; time < 2000; time++) use(`select ${time}`);
  const names = Array.from({ length: 5 }, () => [use("select a"), use("select b")]);
  expect(names.at(0)).toEqual(["", ""]);
  expect(names.at(-1)).toEqual(["s0", "s1"]);
});
