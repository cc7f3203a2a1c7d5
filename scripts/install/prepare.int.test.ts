import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
let clone: string;

/** A clone with the door and nothing installed; npm is a program that we say. */
beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), "windlass-clone-"));
  cpSync(path.join(ROOT, "scripts"), path.join(clone, "scripts"), { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) cpSync(path.join(ROOT, file), path.join(clone, file));
  mkdirSync(path.join(clone, "bin"));
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function fakeProgram(name: string, script: string): void {
  writeFileSync(path.join(clone, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function start(env: NodeJS.ProcessEnv = {}) {
  const { npm_execpath: _npm, ...own } = process.env;
  const PATH = `${path.join(clone, "bin")}:${process.env.PATH}`;
  const argv = [path.join(clone, "scripts/start.mjs"), "--help"];
  return spawnSync(process.execPath, argv, { cwd: clone, env: { ...own, PATH, ...env }, encoding: "utf8" });
}

describe("a start from a clone where nothing is installed", () => {
  it("shows the end of npm's output and what to do when the installation fails", () => {
    fakeProgram("npm", 'echo "npm error code ENOTFOUND" >&2; exit 7');
    const { status, stderr } = start();
    expect(status).toBe(1);
    expect(stderr).toContain("The dependencies could not be installed (npm ended with 7).");
    expect(stderr).toContain("npm error code ENOTFOUND");
    expect(stderr).toContain("npm's registry could not be reached: check the network, then run this again.");
  });

  it("tries again at the next start after an installation that failed", () => {
    fakeProgram("npm", "mkdir -p node_modules; exit 1");
    expect(start().status).toBe(1);
    expect(start().stderr).toContain("could not be installed");
    expect(existsSync(path.join(clone, "node_modules/.windlass-install"))).toBe(false);
  });
});

describe("an old Node", () => {
  it("is told in one sentence what to do", () => {
    const script = `
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.0" } });
      await import(${JSON.stringify(path.join(ROOT, "scripts/start.mjs"))});
    `;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toBe(
      "Windlass needs Node 20 or newer, and this is Node 18.19.0.\nInstall a newer one from https://nodejs.org and run this again.\n",
    );
  });

  it("can read the door: nothing in it is younger than Node 12", () => {
    for (const file of ["start.mjs", "test.mjs", "verify.mjs", "install/enter.mjs"]) {
      const text = readFileSync(path.join(ROOT, "scripts", file), "utf8");
      expect(text).not.toMatch(/\?\.|\?\?|\|\|=|^await |import\.meta\.(dirname|filename)|#[a-z]/m);
    }
  });
});
