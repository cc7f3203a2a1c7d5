import { expect, test } from "vitest";
import { isSsh, readSource } from "./read-source";

test("tells repositories from images", () => {
  expect(readSource(" https://git.example.com/team/app.git ")).toEqual({
    kind: "git",
    url: "https://git.example.com/team/app.git",
  });
  expect(readSource("git@github.com:team/app.git").kind).toBe("git");
  expect(readSource("/srv/git/app").kind).toBe("git");
  expect(readSource("nginx:1.27")).toEqual({ kind: "image", image: "nginx:1.27" });
  expect(readSource("ghcr.io/team/app:v2")).toEqual({ kind: "image", image: "ghcr.io/team/app:v2" });
  expect(readSource("  ")).toEqual({ kind: "empty" });
});

test("an address without https, or of a page of the repository, is understood", () => {
  expect(readSource("github.com/team/app")).toEqual({ kind: "git", url: "https://github.com/team/app" });
  expect(readSource("https://github.com/team/app/tree/main/src?x=1#y")).toEqual({
    kind: "git",
    url: "https://github.com/team/app",
  });
  expect(readSource("https://gitlab.com/a/b/c/-/tree/main")).toEqual({ kind: "git", url: "https://gitlab.com/a/b/c" });
});

test("knows which addresses need a key", () => {
  expect(isSsh(readSource("git@host:team/app.git"))).toBe(true);
  expect(isSsh(readSource("ssh://git@host/team/app"))).toBe(true);
  expect(isSsh(readSource("https://host/team/app"))).toBe(false);
});
