import { describe, expect, it } from "vitest";
import { parseCommits, parseObjects, parseRemoteRefs, parseTree } from "./read-output.ts";

describe("what git prints", () => {
  it("reads refs with the default branch, and tags by what they point at", () => {
    const output = "ref: refs/heads/main\tHEAD\naa\tHEAD\naa\trefs/heads/main\nbb\trefs/tags/v1\ncc\trefs/tags/v1^{}\n";
    const { head, refs } = parseRemoteRefs(output);
    expect(head).toBe("refs/heads/main");
    expect(Object.fromEntries(refs)).toEqual({ HEAD: "aa", "refs/heads/main": "aa", "refs/tags/v1": "cc" });
  });

  it("reads a tree whose names hold tabs, spaces and line breaks", () => {
    const output = "100644 blob aa      12\ta\tb\nc\u0000160000 commit bb       -\tlibs/x\u0000";
    expect(parseTree(output)).toEqual([
      { mode: "100644", type: "blob", id: "aa", size: 12, path: "a\tb\nc" },
      { mode: "160000", type: "commit", id: "bb", size: 0, path: "libs/x" },
    ]);
  });

  it("reads objects whose contents look like headers", () => {
    const output = Buffer.from("aa blob 9\nbb blob 1\nmm missing\ncc blob 0\n\n");
    expect(parseObjects(output).map((object) => object?.toString() ?? null)).toEqual(["bb blob 1", null, ""]);
  });

  it("shows nothing of a commit that would control a terminal or turn text round", () => {
    const [found] = parseCommits("aa\nbb\nA\u001b[31mda\n2026-01-01T00:00:00Z\nsub\u202eject\0");
    expect(found?.commit).toEqual({
      sha: "aa",
      author: "A [31mda",
      committedAt: "2026-01-01T00:00:00Z",
      message: "sub ject",
    });
  });
});
