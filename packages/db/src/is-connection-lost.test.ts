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

it("knows it of a raw query by what the adapter tells", () => {
  const rawQueryFailed = (cause: object) =>
    Object.assign(new Error("Raw query failed."), {
      code: "P2010",
      meta: { driverAdapterError: Object.assign(new Error("DriverAdapterError"), { cause }) },
    });
  expect(isConnectionLost(rawQueryFailed({ kind: "ConnectionClosed" }))).toBe(true);
  expect(isConnectionLost(rawQueryFailed({ kind: "DatabaseNotReachable", host: "127.0.0.1" }))).toBe(true);
  expect(isConnectionLost(rawQueryFailed({ kind: "postgres", code: "57P01" }))).toBe(true);
  expect(isConnectionLost(rawQueryFailed({ kind: "postgres", code: "42601" }))).toBe(false);
});

it("takes what the database refused, and our own errors, for answers", () => {
  expect(isConnectionLost(Object.assign(new Error("Unique constraint failed"), { code: "P2002" }))).toBe(false);
  expect(isConnectionLost(new Error("A deployment does not move from failed to running."))).toBe(false);
  expect(isConnectionLost(new DomainError("router_unavailable", "The connection was refused."))).toBe(false);
  expect(isConnectionLost(undefined)).toBe(false);
});
