import { expect, test } from "vitest";
import { redirectOf } from "./pages-guard.ts";

/** Nobody is signed in, so the database is not asked. */
const services = {} as Parameters<typeof redirectOf>[0];

test("leads whoever is not signed in to the door, and back to all of the address", async () => {
  const asked = "/apps/1?tab=settings&field=config.port";
  expect(await redirectOf(services, "/apps/1", asked, null)).toBe(`/login?next=${encodeURIComponent(asked)}`);
  expect(await redirectOf(services, "/", "/", null)).toBe("/login");
  expect(await redirectOf(services, "/setup", "/setup?key=k", null)).toBeNull();
});
