import { describe, expect, it } from "vitest";
import { GitAddress, nameFromSource, parseGitUrl } from "./source.ts";

describe("a repository's address", () => {
  it.each([
    ["https://github.com/team/app.git", { kind: "https", host: "github.com" }],
    ["git@github.com:team/app.git", { kind: "ssh", user: "git", host: "github.com", port: 22, path: "/team/app.git" }],
    ["ssh://deploy@git.example.com:2222/srv/app", { kind: "ssh", user: "deploy", port: 2222, path: "/srv/app" }],
    ["/srv/repositories/app", { kind: "file", path: "/srv/repositories/app" }],
  ])("%s is understood", (text, expected) => {
    expect(parseGitUrl(text)).toMatchObject(expected);
  });

  it.each([
    "https://user:token@github.com/team/app",
    "ext::sh -c id",
    "--upload-pack=id",
    "ssh://-oProxyCommand=id/x",
    "git@-oProxyCommand=id:x",
    "git@host:-x",
    "https://github.com/a b",
    "https://github.com/a\nb",
    "file:///srv/../etc",
    "ftp://example.com/a",
    "https://github.com/",
    "",
  ])("%j is refused with a sentence", (text) => {
    const issue = GitAddress.safeParse(text).error?.issues[0];
    expect(issue?.message).toMatch(/\w+ .*\.?$/);
  });

  it("never keeps credentials: they are refused, not stored", () => {
    expect(parseGitUrl("https://token@github.com/team/app")).toEqual({
      problem: expect.stringContaining("access token field"),
    });
  });

  it("suggests a name", () => {
    expect(nameFromSource("https://github.com/team/shop-front.git")).toBe("shop-front");
    expect(nameFromSource("ghcr.io/team/app:v2")).toBe("app");
  });
});
