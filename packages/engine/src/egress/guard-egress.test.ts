import { describe, expect, it } from "vitest";
import { guardEgress, parseRange } from "./guard-egress.ts";

const names: Record<string, string[]> = {
  "git.example.com": ["93.184.215.14"],
  "metadata.example.com": ["169.254.169.254"],
  "both.example.com": ["10.1.2.3", "93.184.215.14"],
  "six.example.com": ["fd00::1"],
  "new.example.com": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
};
const guard = (allowed: string[] = []) => guardEgress(allowed, async (host) => names[host] ?? []);

describe("egress", () => {
  it("goes to a public address, pinned", async () => {
    expect(await guard()("git.example.com")).toBe("93.184.215.14");
    expect(await guard()("new.example.com")).toBe("2606:2800:21f:cb07:6820:80da:af6b:8b2c");
    expect(await guard()("8.8.8.8")).toBe("8.8.8.8");
  });

  it("takes the public one of several addresses", async () => {
    expect(await guard()("both.example.com")).toBe("93.184.215.14");
  });

  it.each([
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "::",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fd12:3456::1",
    "fe80::1",
    "metadata.example.com",
    "six.example.com",
  ])("does not go to %s", async (host) => {
    await expect(guard()(host)).rejects.toMatchObject({ code: "source_refused", field: "source.url" });
  });

  it("goes to private ranges that the operator opened, and to no other", async () => {
    const opened = guard(["127.0.0.0/8", "fd00::/8", "169.254.169.254"]);
    expect(await opened("127.0.0.1")).toBe("127.0.0.1");
    expect(await opened("six.example.com")).toBe("fd00::1");
    expect(await opened("metadata.example.com")).toBe("169.254.169.254");
    await expect(opened("10.0.0.1")).rejects.toMatchObject({ code: "source_refused" });
  });

  it("tells which setting opens what it refused", async () => {
    await expect(guard()("metadata.example.com")).rejects.toThrow("WINDLASS_GIT_PRIVATE_RANGES=169.254.169.254/32");
    await expect(guard()("six.example.com")).rejects.toThrow("WINDLASS_GIT_PRIVATE_RANGES=fd00::1/128");
  });

  it("says when a host has no address", async () => {
    await expect(guard()("nowhere.example.com")).rejects.toMatchObject({ code: "source_unreachable" });
  });

  it.each(["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "private", "fd00::/129"])("refuses the range %j", (range) => {
    expect(() => parseRange(range)).toThrow("is not a range");
  });
});
