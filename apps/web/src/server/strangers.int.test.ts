import { createDatabase } from "@windlass/db";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startProcedures } from "./testing/procedure-harness.ts";

// What somebody without an account can make the server do, and what an answer may tell.

type Harness = Awaited<ReturnType<typeof startProcedures>>;
let harness: Harness;
let team: Awaited<ReturnType<Harness["seedTeam"]>>;
beforeAll(async () => {
  harness = await startProcedures({ patienceMs: 60_000 });
  team = await harness.seedTeam("own");
});
afterAll(() => harness.stop());

/** What somebody is answered while the services have another database. */
async function askOver(change: (db: Harness["services"]["db"]) => Harness["services"]["db"]) {
  const { services } = harness;
  const { db } = services;
  const input = encodeURIComponent(JSON.stringify({ json: { teamId: team.ids.teamId } }));
  services.db = change(db);
  try {
    const answer = await fetch(`${harness.origin}/api/trpc/app.list?input=${input}`, {
      headers: { cookie: team.cookies.owner },
    });
    const onlyMessages = (_: string, value: unknown) => (value instanceof Error ? value.message : value);
    const logged = JSON.stringify(harness.unexpected.splice(0), onlyMessages);
    return { status: answer.status, body: await answer.text(), logged };
  } finally {
    services.db = db;
  }
}

it("does not tell what an unknown error says", async () => {
  const told = "the column of the secret is missing";
  const { status, body, logged } = await askOver(
    (db) =>
      new Proxy(db, {
        get: (target, name) => {
          if (name === "team") throw new Error(told);
          return Reflect.get(target, name);
        },
      }),
  );
  expect(status).toBe(500);
  expect(body).toContain("unexpected");
  expect(body).not.toContain(told);
  expect(logged).toContain(told);
});

it("says that the database does not answer, and not where it is", async () => {
  const { status, body, logged } = await askOver(() => createDatabase("postgresql://ada:hush@127.0.0.1:9/none", 1));
  expect(status).toBe(503);
  expect(body).toContain("database does not answer");
  expect(body).not.toMatch(/127\.0\.0\.1|hush/);
  expect(logged).not.toBe("[]");
});

it("takes few calls in one request", async () => {
  const ask = (calls: number) => {
    const input = Object.fromEntries(Array.from({ length: calls }, (_, index) => [index, { json: { key: "x" } }]));
    const paths = Array.from({ length: calls }, () => "setup.status").join(",");
    return fetch(`${harness.origin}/api/trpc/${paths}?batch=1&input=${encodeURIComponent(JSON.stringify(input))}`);
  };
  expect((await ask(10)).status).toBe(200);
  expect((await ask(100)).status).toBe(400);
});
