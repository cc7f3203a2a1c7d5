import { execFile, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** A bare repository in a folder of its own, and a clone of it to commit in. */
export interface TestRepository {
  /** Holds the bare repository: what a git host serves, or a worker may read by path */
  folder: string;
  /** Absolute path of the bare repository */
  url: string;
  /** Writes the files, commits them on main and pushes. Returns the commit. */
  push(files: Record<string, string>, message?: string): string;
  remove(): void;
}

/** The same for a test that has much else to do meanwhile. */
export interface PatientRepository {
  url: string;
  /** Pushes by force when it is to start a history of its own */
  push(files: Record<string, string>, message: string, options: { startsAnew: boolean }): Promise<string>;
}

const IDENTITY = ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com"];
const INIT = ["init", "--quiet", "--bare", "--initial-branch=main"];

export function createTestRepository(): TestRepository {
  const { base, folder, url, work } = makeFolders(tmpdir());
  const git = (cwd: string, ...argv: string[]) =>
    execFileSync("git", [...IDENTITY, ...argv], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  git(base, ...INIT, url);
  git(base, "clone", "--quiet", url, work);
  return {
    folder,
    url,
    push(files, message = "Change the app") {
      write(work, files);
      git(work, "add", "--all");
      git(work, "commit", "--quiet", "--allow-empty", "-m", message);
      git(work, "push", "--quiet", "origin", "HEAD:main");
      return git(work, "rev-parse", "HEAD");
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** It goes with `parent`, which workers may read by path. */
export async function createPatientRepository(parent: string): Promise<PatientRepository> {
  const { base, url, work } = makeFolders(parent);
  const run = promisify(execFile);
  const git = async (cwd: string, ...argv: string[]) =>
    (await run("git", [...IDENTITY, ...argv], { cwd })).stdout.trim();
  await git(base, ...INIT, url);
  await git(base, "clone", "--quiet", url, work);
  return {
    url,
    async push(files, message, { startsAnew }) {
      if (startsAnew) await git(work, "checkout", "--quiet", "--orphan", randomUUID());
      write(work, files);
      await git(work, "add", "--all");
      await git(work, "commit", "--quiet", "--allow-empty", "-m", message);
      await git(work, "push", "--quiet", "--force", "origin", "HEAD:main");
      return git(work, "rev-parse", "HEAD");
    },
  };
}

function makeFolders(parent: string) {
  const base = mkdtempSync(path.join(parent, "windlass-e2e-repository-"));
  const folder = path.join(base, "served");
  mkdirSync(folder);
  return { base, folder, url: path.join(folder, "app.git"), work: path.join(base, "work") };
}

function write(work: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
    writeFileSync(path.join(work, name), text);
  }
}
