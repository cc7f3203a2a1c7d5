import { describe, expect, it } from "vitest";
import { prefersJson } from "./prefers-json.ts";

describe("prefersJson", () => {
  it.each(["application/json", "application/json, text/plain, */*", "text/html;q=0.5, application/problem+json"])(
    "says yes to %s",
    (accept) => expect(prefersJson(accept)).toBe(true),
  );
  it.each([
    undefined,
    "*/*",
    "text/html,application/xhtml+xml,application/json;q=0.9",
    "application/json, text/html",
    "application/json;q=0",
  ])("says no to %s", (accept) => expect(prefersJson(accept)).toBe(false));
});
