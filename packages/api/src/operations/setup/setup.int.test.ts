import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { hashPassword } from "../account/password.ts";
import { completeSetup, issueSetupLink } from "./setup.ts";

vi.mock("../account/password.ts", () => ({ hashPassword: vi.fn(async () => "scrypt$2$1$1$AA$AA") }));

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const complete = (key: string) =>
  completeSetup(test.db, {
    key,
    name: "Ada",
    email: `${crypto.randomUUID()}@example.com`,
    password: "a long password",
    teamName: "Engines",
  }).then(
    () => "done",
    (error: { code: string }) => error.code,
  );

it("costs nothing and leaves nothing when the key is not the one", async () => {
  const key = (await issueSetupLink(test.db)) ?? "";
  expect(await complete("wrong")).toBe("conflict");
  expect(hashPassword).not.toHaveBeenCalled();
  expect(await test.db.team.count()).toBe(0);

  // All are past the first look at the key when the first of them is done.
  const racers = 8;
  const gate = Promise.withResolvers<void>();
  vi.mocked(hashPassword).mockImplementation(async () => {
    if (vi.mocked(hashPassword).mock.calls.length === racers) gate.resolve();
    await gate.promise;
    return "scrypt$2$1$1$AA$AA";
  });
  const outcomes = await Promise.all(Array.from({ length: racers }, () => complete(key)));
  expect(outcomes.toSorted()).toEqual([...Array(racers - 1).fill("conflict"), "done"]);
  expect(await test.db.user.count()).toBe(1);

  vi.mocked(hashPassword).mockClear();
  expect(await complete(key)).toBe("conflict");
  expect(hashPassword).not.toHaveBeenCalled();
  expect(await test.db.team.findMany({ select: { slug: true } })).toEqual([{ slug: "engines" }]);
});
