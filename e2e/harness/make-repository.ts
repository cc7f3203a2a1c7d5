import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A repository with a tiny web app, and a bare one beside it that is served. */
export interface AppRepository {
  /** Folder that holds the bare repository `app.git` */
  folder: string;
  /** Commits and pushes a version of the app that shows `heading`; one that is not `healthy` never listens. */
  push(heading: string, change?: { healthy?: boolean }): string;
  remove(): void;
}

const SERVER = (heading: string, healthy: boolean) => `
const http = require("node:http");
console.log("\\u001b[32mstarting\\u001b[0m ${heading}");
${healthy ? "" : `console.error("cannot reach the database"); setInterval(() => {}, 1000);`}
${
  healthy
    ? `http.createServer((request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end("<!doctype html><html lang=en><title>Tiny</title><main><h1>${heading}</h1></main>");
}).listen(process.env.PORT);`
    : ""
}
`;

export function makeRepository(): AppRepository {
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-repo-"));
  const work = path.join(folder, "work");
  const bare = path.join(folder, "app.git");
  const git = (cwd: string, ...argv: string[]) =>
    execFileSync("git", ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com", ...argv], {
      cwd,
      encoding: "utf8",
    }).trim();
  git(folder, "init", "--quiet", "--bare", "--initial-branch=main", bare);
  git(folder, "clone", "--quiet", bare, work);
  return {
    folder,
    push(heading, { healthy = true } = {}) {
      const manifest = { name: "tiny", private: true, scripts: { start: "node server.js" } };
      writeFileSync(path.join(work, "package.json"), JSON.stringify(manifest));
      writeFileSync(path.join(work, "server.js"), SERVER(heading, healthy));
      git(work, "add", ".");
      git(work, "commit", "--quiet", "-m", `Show ${heading}`);
      git(work, "push", "--quiet", "origin", "HEAD:main");
      return git(work, "rev-parse", "HEAD");
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
