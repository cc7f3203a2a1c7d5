import { type GitUrl, parseGitUrl } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { translateGitError } from "./translate-git-error.ts";

const translate = (line: string, address = "https://git.example.com/a.git", hasToken = false) =>
  translateGitError({ url: parseGitUrl(address) as GitUrl, hasToken, lines: [line] });

describe("translateGitError", () => {
  it.each([
    ["fatal: unable to access 'https://x/': Could not resolve host: x", "source_unreachable", "cannot be found"],
    [
      "fatal: unable to access 'https://x/': Failed to connect to x port 443",
      "source_unreachable",
      "refuses the connection",
    ],
    [
      "fatal: unable to access 'https://x/': Operation too slow. Less than",
      "source_unreachable",
      "did not answer in time",
    ],
    ["fatal: unable to access 'https://x/': SSL certificate problem: self signed", "source_unreachable", "certificate"],
    ["fatal: could not read Username for 'https://x': terminal prompts disabled", "source_denied", "access token"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 403", "source_denied", "access token"],
    ["fatal: repository 'https://x/' not found", "source_denied", "no such repository"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 301", "source_refused", "another one"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 503", "source_unreachable", "trouble"],
    ["error: object 12ab: hasDotgit: contains '.git'", "source_refused", "git fsck"],
    ["fatal: transport 'ext' not allowed", "source_refused", "not allowed"],
    ["fatal: write error: No space left on device", "disk_full", "disk is full"],
    ["fatal: early EOF", "source_unreachable", "broke"],
    ["fatal: something new", "source_unreachable", "fatal: something new"],
  ])("explains %j", (line, code, words) => {
    const error = translate(line);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.evidence).toEqual([line]);
  });

  it("names the field that has to be changed", () => {
    expect(translate("fatal: Authentication failed for 'https://x'", undefined, true).field).toBe("repositoryToken");
    expect(translate("git@x: Permission denied (publickey).", "git@x:a.git").field).toBe("deployKey");
    expect(translate("Host key verification failed.", "git@x:a.git")).toMatchObject({
      code: "source_refused",
      field: "sshHostKeys",
    });
  });
});
