import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";

export interface GitHttpServer {
  /** http://127.0.0.1:port; a repository is at `${url}/name.git` */
  url: string;
  /** How many packs were asked for so far */
  readonly packRequests: number;
  close(): Promise<void>;
}

export interface GitHttpOptions {
  /** Folder whose bare repositories are served, readable only */
  folder: string;
  /** Required as the password of Basic authentication */
  token?: string;
  /** Before packs are sent: a fetch that takes its time */
  delayMs?: number;
}

/** A git host over http: git's own smart-HTTP program behind Node's server, on a free port. */
export async function serveGitOverHttp({ folder, token, delayMs = 0 }: GitHttpOptions): Promise<GitHttpServer> {
  const program = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  const closing = new AbortController();
  const children = new Set<ChildProcess>();
  let packRequests = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    if (token !== undefined && passwordOf(request) !== token) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    const body = await buffer(request);
    const isForPack = path.endsWith("/git-upload-pack") && !plain(request, body).includes("command=ls-refs");
    if (isForPack) packRequests++;
    if (isForPack && delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
    const env = {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      GIT_CONFIG_KEY_1: "uploadpack.allowFilter",
      GIT_CONFIG_VALUE_1: "true",
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      CONTENT_LENGTH: String(body.length),
    };
    const child = spawn(program, [], { env, stdio: ["pipe", "pipe", "ignore"] });
    children.add(child);
    child.on("close", () => children.delete(child));
    child.stdin.on("error", () => {});
    child.stdin.end(body);
    response.on("close", () => child.kill());
    let head = Buffer.alloc(0);
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (response.headersSent) {
        response.write(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) continue;
      for (const line of head.toString("latin1", 0, end).split("\r\n")) {
        const [name = "", value = ""] = line.split(/: (.*)/s);
        if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.write(head.subarray(end + 4));
    }
    response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get packRequests() {
      return packRequests;
    },
    close: async () => {
      closing.abort();
      for (const child of children) child.kill("SIGKILL");
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function passwordOf(request: IncomingMessage): string | undefined {
  const [scheme, value = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Basic") return undefined;
  return Buffer.from(value, "base64").toString("utf8").split(/:(.*)/s)[1];
}

const plain = (request: IncomingMessage, body: Buffer): Buffer =>
  request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
