import { expect, test } from "vitest";
import { nextPath, withFragment } from "./next-path";

test("leads only to pages of this site", () => {
  expect(nextPath("/apps/1?tab=variables")).toBe("/apps/1?tab=variables");
  for (const elsewhere of ["//evil.example", "/\\evil.example", "https://evil.example", "apps", "", null, "/\t/evil"]) {
    expect(nextPath(elsewhere)).toBe("/");
  }
});

test("does not lead back to the door", () => {
  expect(nextPath("/login?next=/login")).toBe("/");
  expect(nextPath("/logout")).toBe("/");
});

test("keeps the line that an address pointed at", () => {
  expect(withFragment("/deployments/1", "#L12")).toBe("/deployments/1#L12");
  expect(withFragment("/deployments/1#L3", "")).toBe("/deployments/1#L3");
  expect(withFragment("/", "")).toBe("/");
});
