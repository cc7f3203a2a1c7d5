import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

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

export function createTestRepository(): TestRepository {
  const base = mkdtempSync(path.join(tmpdir(), "windlass-e2e-repository-"));
  const folder = path.join(base, "served");
  const url = path.join(folder, "app.git");
  const work = path.join(base, "work");
  mkdirSync(folder);
  const git = (cwd: string, ...argv: string[]) =>
    execFileSync("git", ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com", ...argv], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  git(base, "init", "--quiet", "--bare", "--initial-branch=main", url);
  git(base, "clone", "--quiet", url, work);
  return {
    folder,
    url,
    push(files, message = "Change the app") {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
        writeFileSync(path.join(work, name), text);
      }
      git(work, "add", "--all");
      git(work, "commit", "--quiet", "--allow-empty", "-m", message);
      git(work, "push", "--quiet", "origin", "HEAD:main");
      return git(work, "rev-parse", "HEAD");
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}
