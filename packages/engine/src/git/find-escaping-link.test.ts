import { describe, expect, it } from "vitest";
import { findEscapingLink } from "./find-escaping-link.ts";

const find = (links: Record<string, string>) => findEscapingLink(new Map(Object.entries(links)))?.path;

describe("findEscapingLink", () => {
  it.each([
    [{ a: "b" }],
    [{ "deep/a": "../b" }],
    [{ "deep/a": "../deep/../b/./c//d" }],
    [{ a: "." }],
    [{ a: "missing/file" }],
    [{ a: "deep", "deep/b": "../a/c" }],
    [{ loop: "loop" }],
    [{ a: "b", b: "a" }],
  ])("lets pass what stays inside: %j", (links) => {
    expect(find(links)).toBeUndefined();
  });

  it.each([
    [{ a: "/etc" }, "a"],
    [{ a: ".." }, "a"],
    [{ "deep/a": "../../x" }, "deep/a"],
    [{ a: "b/../../x" }, "a"],
    [{ a: "deep/up/x", "deep/up": "../.." }, "a"],
    [{ a: "b/../..", b: "deep/folder" }, undefined],
    [{ a: "b/../../..", b: "deep/folder" }, "a"],
    [{ a: "x/y/..", "x/y": "/" }, "a"],
  ])("names what leads out: %j", (links, path) => {
    expect(find(links as unknown as Record<string, string>)).toBe(path);
  });
});
