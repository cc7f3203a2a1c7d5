import { describe, expect, it } from "vitest";
import { diffConfig, diffNames } from "./diff.ts";
import { isExpectedCode } from "./health.ts";
import { EnvironmentConfig } from "./settings.ts";

describe("a plan", () => {
  it("names each setting that changes, with both values", () => {
    const before = EnvironmentConfig.parse({ port: 3000, health: { path: "/" } });
    const after = EnvironmentConfig.parse({ port: 8080, health: { path: "/up" }, command: ["node", "x.js"] });
    expect(diffConfig(before, after)).toEqual([
      { name: "port", before: "3000", after: "8080" },
      { name: "health.path", before: "/", after: "/up" },
      { name: "command", before: null, after: '["node","x.js"]' },
    ]);
    expect(diffConfig(null, after)).toEqual([]);
  });

  it("tells variables by name only", () => {
    expect(diffNames({ A: "1", B: "2", C: "3" }, { A: "1", B: "x", D: "4" })).toEqual({
      added: ["D"],
      changed: ["B"],
      removed: ["C"],
    });
  });
});

describe("expected codes", () => {
  it("are single codes and ranges", () => {
    expect([200, 299, 301].map((status) => isExpectedCode("200-299,301", status))).toEqual([true, true, true]);
    expect([300, 404].map((status) => isExpectedCode("200-299,301", status))).toEqual([false, false]);
  });
});
