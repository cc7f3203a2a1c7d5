import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkDatabase } from "./check-database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const changed = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

it("accepts a database that answers", async () => {
  await checkDatabase(database.url);
});

it("says that the password is refused, and does not repeat it", async () => {
  const url = changed((place) => (place.password = "canary-wrong"));
  const failure = await checkDatabase(url).catch((error: Error) => error);
  expect(String(failure)).toMatch(/refused the user postgres or the password\.$/);
  expect(String(failure)).not.toContain("canary-wrong");
});

it("says that the database does not exist", async () => {
  const url = changed((place) => (place.pathname = "/nowhere"));
  await expect(checkDatabase(url)).rejects.toThrow(/has no database named nowhere\.$/);
});
