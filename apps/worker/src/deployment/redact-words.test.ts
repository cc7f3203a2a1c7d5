import { expect, it } from "vitest";
import { redactWords } from "./redact-words.ts";

it("takes secrets out of what people wrote and leaves what later steps act on", () => {
  const redact = (text: string) => text.replaceAll("main", "[redacted]");
  const commit = { sha: "main", message: "Fix main", author: "main", committedAt: "2026-11-21" };
  const value = {
    kind: "git",
    commit,
    path: "/srv/main",
    plan: { commits: [commit], config: [{ name: "main", before: null, after: "main" }] },
  };
  const clean = { ...commit, message: "Fix [redacted]", author: "[redacted]" };
  expect(redactWords(value, redact)).toEqual({
    kind: "git",
    commit: clean,
    path: "/srv/main",
    plan: { commits: [clean], config: [{ name: "main", before: null, after: "[redacted]" }] },
  });
  expect(redactWords(undefined, redact)).toBeUndefined();
});
