import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Copies the sample app and makes it a git repository with one commit, whoever runs this and however their git is set. */
export async function makeSampleRepository(source: string, repository: string): Promise<void> {
  if (existsSync(path.join(repository, ".git"))) return;
  // Made beside and renamed: a start that is cut short leaves no half repository behind.
  const unfinished = `${repository}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await rm(repository, { recursive: true, force: true });
  await mkdir(path.dirname(repository), { recursive: true });
  await cp(source, unfinished, { recursive: true });
  const git = (...argv: string[]) => run("git", [...IDENTITY, ...argv], { cwd: unfinished, env: environment() });
  await git("init", "--quiet", "--template=");
  await git("symbolic-ref", "HEAD", "refs/heads/main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "Say hello");
  await rename(unfinished, repository);
}

const IDENTITY = [
  ["user.name", "Windlass"],
  ["user.email", "windlass@localhost"],
  ["commit.gpgSign", "false"],
  ["core.hooksPath", "/dev/null"],
  ["core.autocrlf", "false"],
].flatMap(([key, value]) => ["-c", `${key}=${value}`]);

const environment = () => ({
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
});
