import { expect, test } from "vitest";
import { nextPath } from "./next-path";

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
