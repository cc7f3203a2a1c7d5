import { describe, expect, it } from "vitest";
import { findViolations } from "./find-violations.ts";
import { readImports } from "./read-imports.ts";

const ENTRIES = new Map([["@windlass/db", "packages/db/src/index.ts"]]);
const check = (files: Record<string, string>) =>
  findViolations(
    Object.entries(files).map(([path, text]) => ({ path, imports: readImports(path, text) })),
    ENTRIES,
  );

describe("the arrows", () => {
  it("lets each part import what stands below it", () => {
    const found = check({
      "packages/db/src/a.ts": 'import { isEnded } from "@windlass/domain";',
      "packages/api/src/a.ts": 'import { createDatabase } from "@windlass/db"; import { z } from "zod";',
      "apps/worker/src/a.ts": 'import { deploy } from "@windlass/engine"; import "@windlass/api/operations";',
      "apps/web/src/features/a.tsx": 'import type { AppRouter } from "@windlass/api";',
    });
    expect(found).toEqual([]);
  });

  it.each([
    ["packages/domain/src/a.ts", 'import "@windlass/db";'],
    ["packages/domain/src/a.ts", 'import { readFileSync } from "node:fs";'],
    ["packages/engine/src/a.ts", 'import "@windlass/db";'],
    ["packages/engine/src/a.ts", 'import { PgBoss } from "pg-boss";'],
    ["packages/api/src/a.ts", 'export { deploy } from "@windlass/engine";'],
    ["apps/web/src/app/page.tsx", 'import type { Runtime } from "@windlass/engine";'],
    ["apps/web/src/app/page.tsx", 'import { createDatabase } from "@windlass/db";'],
    ["apps/worker/src/a.ts", 'import { appRouter } from "@windlass/api";'],
    ["apps/router/src/a.ts", 'const db = await import("@windlass/db");'],
    ["packages/client/src/a.ts", 'import { appRouter } from "@windlass/api";'],
    ["packages/api/src/a.ts", 'import { createTestDatabase } from "@windlass/db/testing";'],
    ["packages/api/src/a.ts", 'import { x } from "../../db/src/client.ts";'],
  ])("refuses in %s: %s", (path, text) => {
    expect(check({ [path]: text })).toHaveLength(1);
  });

  it("lets tests use what is made for tests", () => {
    const text = 'import { createTestDatabase } from "@windlass/db/testing";';
    expect(check({ "apps/worker/src/a.int.test.ts": text, "packages/api/src/testing/a.ts": text })).toEqual([]);
  });

  it("lets the client use the procedures' types", () => {
    expect(check({ "packages/client/src/a.ts": 'import type { AppRouter } from "@windlass/api";' })).toEqual([]);
  });

  it("says where, and what would be allowed", () => {
    expect(check({ "apps/router/src/a.ts": '\n\nimport "@windlass/db";' })).toEqual([
      "apps/router/src/a.ts:3 imports @windlass/db. apps/router may import: @windlass/domain.",
    ]);
  });
});

describe("circles", () => {
  it("names the files that import each other", () => {
    const found = check({
      "packages/db/src/a.ts": 'import { b } from "./b.ts";',
      "packages/db/src/b.ts": 'export { c } from "./c.ts";',
      "packages/db/src/c.ts": 'import { a } from "./a.ts";',
      "packages/db/src/d.ts": 'import { a } from "./a.ts";',
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/circle: .*a\.ts.*b\.ts.*c\.ts\.$/);
  });

  it("takes no notice of types", () => {
    const found = check({
      "packages/db/src/a.ts": 'import { b } from "./b.ts";',
      "packages/db/src/b.ts": 'import type { A } from "./a.ts"; import { type B } from "./a.ts";',
    });
    expect(found).toEqual([]);
  });
});
