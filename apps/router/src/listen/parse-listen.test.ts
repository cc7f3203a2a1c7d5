import { describe, expect, it } from "vitest";
import { parseListen } from "./parse-listen.ts";

describe("parseListen", () => {
  it("reads host and port, IPv6 in brackets", () => {
    expect(parseListen("X", "0.0.0.0:80")).toEqual({ host: "0.0.0.0", port: 80 });
    expect(parseListen("X", "[::]:8080")).toEqual({ host: "::", port: 8080 });
  });
  it.each(["80", "host", "::1:80", "a:99999", ""])("says what it expects instead of %j", (text) =>
    expect(() => parseListen("WINDLASS_ROUTER_LISTEN", text)).toThrow("WINDLASS_ROUTER_LISTEN"),
  );
});
