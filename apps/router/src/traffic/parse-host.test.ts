import { describe, expect, it } from "vitest";
import { parseHost } from "./parse-host.ts";

describe("parseHost", () => {
  it.each([
    ["App.Example.COM", "app.example.com"],
    ["app.example.com:8080", "app.example.com"],
    ["app.example.com:", "app.example.com"],
    ["app.example.com.", "app.example.com"],
    ["app.example.com.:443", "app.example.com"],
    ["10.0.0.1:80", "10.0.0.1"],
    ["[::1]", "[::1]"],
    ["[2001:DB8::1]:8443", "[2001:db8::1]"],
    ["my_app.test", "my_app.test"],
  ])("reads %s as %s", (header, host) => expect(parseHost(header)).toBe(host));

  it.each([
    "",
    ".",
    ":80",
    "a b",
    "a/b",
    "a@b",
    "user:pass@host",
    "a:b",
    "a:123456",
    "[::1",
    "::1",
    "a,b",
    "[::1]x",
    "é.test",
    "a".repeat(254),
  ])("refuses %j", (header) => expect(parseHost(header)).toBeUndefined());
});
