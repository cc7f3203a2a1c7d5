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

it("does not tell what an unknown error says", async () => {
  const { services } = harness;
  const { db } = services;
  const told = "connect ECONNREFUSED postgres.internal:5432";
  services.db = new Proxy(db, {
    get: (target, name) => {
      if (name === "team") throw new Error(told);
      return Reflect.get(target, name);
    },
  });
  const input = encodeURIComponent(JSON.stringify({ json: { teamId: team.ids.teamId } }));
  const answer = await fetch(`${harness.origin}/api/trpc/app.list?input=${input}`, {
    headers: { cookie: team.cookies.owner },
  });
  services.db = db;
  const body = await answer.text();
  expect(answer.status).toBe(500);
  expect(body).toContain("unexpected");
  expect(body).not.toContain("postgres.internal");
  expect(
    JSON.stringify(harness.unexpected.splice(0), (_, value) => (value instanceof Error ? value.message : value)),
  ).toContain(told);
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
