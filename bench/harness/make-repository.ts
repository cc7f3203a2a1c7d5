import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const IDENTITY = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgSign=false"];

/** Makes a git repository with one commit of these files on `main`. Returns its folder. */
export function makeRepository(folder: string, files: Record<string, string>): string {
  const git = (...argv: string[]) => execFileSync("git", [...IDENTITY, ...argv], { cwd: folder, stdio: "ignore" });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  git("init", "--quiet", "--template=", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Measure");
  return folder;
}

/** A new commit of the same files. */
export function commitAgain(folder: string): void {
  const argv = [...IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "Measure again"];
  execFileSync("git", argv, { cwd: folder, stdio: "ignore" });
}

/** A new commit in which one file is different. */
export function changeFile(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text);
  const argv = [...IDENTITY, "commit", "--quiet", "--all", "--message", "Change"];
  execFileSync("git", argv, { cwd: folder, stdio: "ignore" });
}

/** A web app without dependencies. */
export const SERVER = `
require("node:http").createServer((_, response) => response.end("well")).listen(process.env.PORT);
`;

export const MANIFEST = (scripts: Record<string, string> = {}): string =>
  JSON.stringify({ name: "bench", private: true, scripts: { start: "node server.js", ...scripts } });
