import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { staticServerFile } from "./generate-dockerfile.ts";

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

describe("static server", () => {
  let base: string;
  let port: number;
  let child: ChildProcess;

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "windlass-static-"));
    const site = join(base, "site");
    mkdirSync(join(site, "docs"), { recursive: true });
    mkdirSync(join(site, ".well-known"));
    writeFileSync(join(base, "secret.txt"), "secret");
    writeFileSync(join(site, ".env"), "secret");
    writeFileSync(join(site, ".well-known/security.txt"), "contact");
    writeFileSync(join(site, "index.html"), "<h1>start</h1>");
    writeFileSync(join(site, "about.html"), "about");
    writeFileSync(join(site, "docs/index.html"), "docs");
    writeFileSync(join(site, "digits.txt"), "0123456789");
    writeFileSync(join(site, "empty.css"), "");
    symlinkSync("../secret.txt", join(site, "escape.txt"));
    symlinkSync(".env", join(site, "visible.txt"));
    ({ child, port } = await start(site));
  });

  afterAll(() => {
    child?.kill("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  // Not fetch: it would tidy the paths that are being tried.
  const ask = (path: string, headers: Record<string, string> = {}, method = "GET", to = port): Promise<Answer> =>
    new Promise((resolve, reject) => {
      request({ port, host: "127.0.0.1", path, headers, method, ...(to === port ? {} : { port: to }) }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          body += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      })
        .on("error", reject)
        .end();
    });

  it("answers files, folders and pages without their ending, each with its type", async () => {
    expect(await ask("/")).toMatchObject({ status: 200, body: "<h1>start</h1>" });
    expect((await ask("/")).headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(await ask("/about?x=1")).toMatchObject({ status: 200, body: "about" });
    expect(await ask("/docs/")).toMatchObject({ status: 200, body: "docs" });
    expect(await ask("/docs?x=1")).toMatchObject({ status: 301, headers: { location: "/docs/?x=1" } });
    expect(await ask("/empty.css")).toMatchObject({ status: 200, body: "", headers: { "content-length": "0" } });
    expect(await ask("/.well-known/security.txt")).toMatchObject({ status: 200, body: "contact" });
  });

  it("serves nothing outside its folder and no hidden file", async () => {
    for (const path of [
      "/.env",
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/docs/../../secret.txt",
      "/..%5csecret.txt",
      "/escape.txt",
      "/visible.txt",
      "/%00",
      "/%",
      "//etc/passwd",
      "/index.html/",
    ]) {
      expect(await ask(path), path).toMatchObject({ status: 404, body: "Not found\n" });
    }
  });

  it("sends nobody to another host", async () => {
    expect((await ask("//docs")).headers.location).toBe("/docs/");
  });

  it("answers 304 to who has the file already", async () => {
    const { headers } = await ask("/digits.txt");
    expect(await ask("/digits.txt", { "if-none-match": String(headers.etag) })).toMatchObject({
      status: 304,
      body: "",
    });
    const since = String(headers["last-modified"]);
    expect(await ask("/digits.txt", { "if-modified-since": since })).toMatchObject({ status: 304 });
    expect(await ask("/digits.txt", { "if-none-match": '"other"', "if-modified-since": since })).toMatchObject({
      status: 200,
    });
  });

  it.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
    ["bytes=10-", 416, "", "bytes */10"],
    ["bytes=4-2", 200, "0123456789", undefined],
    ["bytes=0-1,3-4", 200, "0123456789", undefined],
  ])("answers the range %s with %i", async (range, status, body, contentRange) => {
    const answer = await ask("/digits.txt", { range });
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers["content-range"]).toBe(contentRange);
  });

  it("ignores a range of a file that changed", async () => {
    expect(await ask("/digits.txt", { range: "bytes=1-2", "if-range": '"old"' })).toMatchObject({ status: 200 });
  });

  it("answers HEAD without a body and refuses what would change something", async () => {
    expect(await ask("/digits.txt", {}, "HEAD")).toMatchObject({
      status: 200,
      body: "",
      headers: { "content-length": "10" },
    });
    expect(await ask("/digits.txt", {}, "POST")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  });

  it("shows the site's own page for what is missing, and its start page only when asked to", async () => {
    const site = join(base, "spa");
    mkdirSync(site);
    writeFileSync(join(site, "index.html"), "app");
    writeFileSync(join(site, "404.html"), "own page");
    const plain = await start(site);
    expect(await ask("/nowhere", {}, "GET", plain.port)).toMatchObject({ status: 404, body: "own page" });
    const spa = await start(site, "--spa");
    expect(await ask("/nowhere", {}, "GET", spa.port)).toMatchObject({ status: 200, body: "app" });
    plain.child.kill();
    spa.child.kill();
    expect((await once(spa.child, "exit"))[0]).toBe(0);
  });
});

async function start(folder: string, ...flags: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [fileURLToPath(staticServerFile), folder, ...flags], {
    env: { PORT: "0", HOST: "127.0.0.1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return { child, port: Number(/port (\d+)/.exec(line.toString())?.[1]) };
}
