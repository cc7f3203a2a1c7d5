import { type GitUrl, parseGitUrl } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { gitEnvironment, mirrorName, sshConfig, trustConfig } from "./git-environment.ts";

const environment = (address: string, parts = {}) =>
  gitEnvironment({
    path: "/bin",
    url: parseGitUrl(address) as GitUrl,
    token: null,
    address: null,
    caFile: null,
    sshConfig: null,
    trustFile: null,
    ...parts,
  });

describe("gitEnvironment", () => {
  it("allows the one transport that the address needs", () => {
    expect(environment("https://host/a.git").GIT_ALLOW_PROTOCOL).toBe("https");
    expect(environment("http://host/a.git").GIT_ALLOW_PROTOCOL).toBe("http");
    expect(environment("git@host:a.git").GIT_ALLOW_PROTOCOL).toBe("ssh");
    expect(environment("/srv/a.git").GIT_ALLOW_PROTOCOL).toBe("file");
  });

  it("ties the token to its address, and gives ssh none", () => {
    const https = environment("https://host/a.git", { token: "canary" });
    const index = Object.entries(https)
      .find(([, value]) => value === "http.https://host/a.git.extraHeader")?.[0]
      .slice(15);
    expect(https[`GIT_CONFIG_VALUE_${index}`]).toBe(
      `Authorization: Basic ${Buffer.from("x-access-token:canary").toString("base64")}`,
    );
    expect(JSON.stringify(environment("git@host:a.git", { token: "canary" }))).not.toContain("Authorization");
  });

  it("pins https to the address that was checked, in curl's words", () => {
    const pinOf = (url: string, address: string) =>
      Object.values(environment(url, { address })).find((value) => value.includes(address));
    expect(pinOf("https://host/a.git", "192.0.2.1")).toBe("host:443:192.0.2.1");
    expect(pinOf("http://host/a.git", "192.0.2.1")).toBe("host:80:192.0.2.1");
    expect(pinOf("https://host:8443/a.git", "2001:db8::1")).toBe("host:8443:[2001:db8::1]");
  });

  it("puts nothing variable into the command that a shell reads", () => {
    const env = environment("git@host:a.git", { sshConfig: "/tmp/$(touch x)'\"/config" });
    expect(env.GIT_SSH_COMMAND).toBe('ssh -F "$WINDLASS_SSH_CONFIG"');
  });

  it("counts its configuration right", () => {
    const env = environment("https://host/a.git", { token: "x" });
    const keys = Object.keys(env).filter((key) => key.startsWith("GIT_CONFIG_KEY_"));
    expect(Number(env.GIT_CONFIG_COUNT)).toBe(keys.length);
  });
});

describe("files for git and ssh", () => {
  it("quotes paths so that they stay one word", () => {
    expect(sshConfig({ key: "/a b/50%/key", knownHosts: "/k", address: "192.0.2.1", hostName: "host" })).toContain(
      'IdentityFile "/a b/50%%/key"',
    );
    expect(trustConfig('/a"b\\c')).toContain('directory = "/a\\"b\\\\c"');
  });
});

describe("mirrorName", () => {
  it("differs by address and by credential, and shows neither", () => {
    const names = [mirrorName("u", null), mirrorName("u", "t"), mirrorName("v", "t"), mirrorName("u", "s")];
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}\.git$/);
  });
});
