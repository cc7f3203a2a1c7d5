import { DomainError } from "@windlass/domain";
import { expect, it } from "vitest";
import { isConnectionLost } from "./is-connection-lost.ts";

it("knows a lost connection by its code, its words or its cause", () => {
  expect(isConnectionLost(Object.assign(new Error("x"), { code: "P1017" }))).toBe(true);
  expect(isConnectionLost(new Error("Connection terminated unexpectedly"))).toBe(true);
  expect(isConnectionLost(new Error("failed", { cause: Object.assign(new Error("x"), { code: "ECONNRESET" }) }))).toBe(
    true,
  );
});

it("takes what the database refused, and our own errors, for answers", () => {
  expect(isConnectionLost(Object.assign(new Error("Unique constraint failed"), { code: "P2002" }))).toBe(false);
  expect(isConnectionLost(new Error("A deployment does not move from failed to running."))).toBe(false);
  expect(isConnectionLost(new DomainError("router_unavailable", "The connection was refused."))).toBe(false);
  expect(isConnectionLost(undefined)).toBe(false);
});
