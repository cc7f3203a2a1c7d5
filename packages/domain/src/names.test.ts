import { describe, expect, it } from "vitest";
import { AppSlug, DisplayName, EnvKey, GitRef, HostName, ImageRef, RepoPath, slugFrom, UrlPath } from "./names.ts";

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, values: string[]) =>
  values.filter((value) => !schema.safeParse(value).success);
const refuses = (schema: { safeParse(value: unknown): { success: boolean } }, values: string[]) =>
  values.filter((value) => schema.safeParse(value).success);

describe("a name that reaches a program", () => {
  it("is a git ref only when git would take it for nothing else", () => {
    expect(accepts(GitRef, ["main", "feature/x", "v1.2.3", "release-2026_11", "0123abc", "team/app@2"])).toEqual([]);
    const bad = [
      "-main",
      "--upload-pack=x",
      "a..b",
      "a b",
      "a\nb",
      "refs/heads/.x",
      "x.lock",
      "x/",
      "@{u}",
      "a~1",
      "a^",
      "a:b",
      "a?",
      "$(id)",
      "",
    ];
    expect(refuses(GitRef, bad)).toEqual([]);
  });

  it("is an image reference as registries spell them", () => {
    const good = ["nginx", "nginx:1.27", "ghcr.io/team/app:v2", "localhost:5000/a/b", `app@sha256:${"a".repeat(64)}`];
    expect(accepts(ImageRef, good)).toEqual([]);
    expect(refuses(ImageRef, ["-nginx", "Nginx", "a//b", "a:", "a b", "a@sha256:12", "../a", "a;b"])).toEqual([]);
  });

  it("is a path that stays inside the repository", () => {
    expect(accepts(RepoPath, [".", "apps/web", "Dockerfile", "a b/c"])).toEqual([]);
    expect(refuses(RepoPath, ["/etc", "..", "a/../b", "-f", "a//b", ".git/config", "a\\b", "a\u0000", ""])).toEqual([]);
  });

  it("is a variable that changes nothing about how programs are loaded", () => {
    expect(accepts(EnvKey, ["DATABASE_URL", "_x", "a1"])).toEqual([]);
    expect(refuses(EnvKey, ["LD_PRELOAD", "1A", "A-B", "A=B", "PORT", "WINDLASS_X", "", "A\n"])).toEqual([]);
  });

  it("is a host name in its one spelling", () => {
    expect(accepts(HostName, ["app.example.com", "localhost", "127.0.0.1", "a-b.c"])).toEqual([]);
    expect(refuses(HostName, ["App.example.com", "-a.b", "a..b", "a_b.c", "a.b:80", "a/b", "*.a.b"])).toEqual([]);
  });

  it("is a request path without spaces or a fragment", () => {
    expect(accepts(UrlPath, ["/", "/health?full=1", "/a%20b"])).toEqual([]);
    expect(refuses(UrlPath, ["health", "/a b", "/a#b", "/a\r\nHost: b"])).toEqual([]);
  });
});

describe("a display name", () => {
  it("holds what people see, and nothing that hides or turns around", () => {
    expect(accepts(DisplayName, ["Shop", "Müller & Söhne", "店"])).toEqual([]);
    expect(refuses(DisplayName, ["", "   ", "a\u202eb", "a\u200bb", "a\nb", "x".repeat(81), "a\ud800"])).toEqual([]);
  });

  it("becomes part of an address", () => {
    expect(slugFrom("Müller & Söhne")).toBe("muller-sohne");
    expect(slugFrom("2nd shop!")).toBe("nd-shop");
    expect(slugFrom("店")).toBeUndefined();
    expect(AppSlug.safeParse(slugFrom("x".repeat(100))).success).toBe(true);
  });
});
