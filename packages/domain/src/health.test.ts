import { describe, expect, it } from "vitest";
import { DeploymentEnd } from "./deployment.ts";
import { HealthCheck, isExpectedCode, isRedirectWanted } from "./health.ts";

describe("HealthCheck", () => {
  it("reads what was stored before there were other kinds", () => {
    const stored = { kind: "tcp", path: "/", codes: "200-399", intervalSeconds: 2, retries: 3 };
    expect(HealthCheck.parse(stored)).toMatchObject({ kind: "tcp", intervalSeconds: 2, retries: 3 });
    expect(HealthCheck.parse({ path: "/up" })).toMatchObject({ kind: "http", path: "/up", headers: {} });
    expect(HealthCheck.parse({})).toMatchObject({ kind: "http", path: "/", codes: "200-399" });
  });

  it("asks for what its kind needs, and for nothing that would break a request", () => {
    const refused = [
      { kind: "command" },
      { kind: "command", command: [] },
      { kind: "uptime", seconds: 0 },
      { kind: "http", headers: { "transfer-encoding": "chunked" } },
      { kind: "http", headers: { "x-a": "b\r\nx-c: d" } },
      { kind: "http", headers: { "x a": "b" } },
      { kind: "http", body: "" },
      { kind: "magic" },
    ];
    expect(refused.filter((check) => HealthCheck.safeParse(check).success)).toEqual([]);
  });
});

describe("codes", () => {
  it("tell a redirect that is asked for from one that only lies in a wide range", () => {
    expect(isExpectedCode("200-399", 301)).toBe(true);
    expect(isRedirectWanted("200-399", 301)).toBe(false);
    expect(isRedirectWanted("200,301", 301)).toBe(true);
    expect(isRedirectWanted("300-399", 302)).toBe(true);
  });
});

describe("DeploymentEnd", () => {
  it("reads an end that was stored before there were causes", () => {
    const stored = { reason: "unhealthy", message: "It did not.", step: "await healthy", evidence: ["x"] };
    expect(DeploymentEnd.parse(stored)).toEqual(stored);
  });
});
