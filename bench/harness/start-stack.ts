import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createWindlassClient, type WindlassClient } from "@windlass/client";
import { startEmbedded } from "@windlass/db/embedded";
import { listProcesses } from "./memory.ts";
import { removeDockerThings } from "./remove-docker-things.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const START_LIMIT_MS = 300_000;
const STOP_LIMIT_MS = 90_000;
const PASSWORD = "only for this measurement";

/** A place for one Windlass: its data folder, the repositories it may deploy from, its ports. */
export interface Site {
  dataFolder: string;
  repositories: string;
  port: number;
  routerPort: number;
}

export interface Running {
  child: ChildProcess;
  /** From starting the command to its line with the console's address */
  readyMs: number;
  output: string;
  stop(): Promise<void>;
}

/** Makes temporary folders; they go with the stack, and so does what Windlass had made in the Docker engine. */
export async function makeSite(stack: AsyncDisposableStack): Promise<Site> {
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-bench-"));
  // The account of Postgres passes through it.
  await chmod(folder, 0o711);
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dataFolder = path.join(folder, "data");
  const repositories = path.join(folder, "repositories");
  await mkdir(repositories, { mode: 0o755 });
  stack.defer(() => removeDockerThings(dataFolder));
  const [port, routerPort] = await freePorts();
  return { dataFolder, repositories, port, routerPort };
}

/** Starts Windlass by the command that people use, on Docker where `docker` is true, else with processes only. */
export async function startWindlass(
  stack: AsyncDisposableStack,
  site: Site,
  { docker, sample = false }: { docker: boolean; sample?: boolean },
): Promise<Running> {
  const argv = ["--port", `${site.port}`, "--router-port", `${site.routerPort}`, "--data-dir", site.dataFolder];
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [path.join(ROOT, "scripts/start.mjs"), ...argv, ...(sample ? [] : ["--no-sample"])],
    {
      cwd: ROOT,
      // It stops when the channel closes: also when this process is killed.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Ctrl-C comes to us; we stop it.
      detached: true,
      env: {
        ...process.env,
        DATABASE_URL: "",
        NODE_CHANNEL_FD: undefined,
        WINDLASS_GIT_FILE_ROOTS: site.repositories,
        ...(docker ? {} : { WINDLASS_DOCKER_SOCKET: path.join(site.dataFolder, "no-docker.sock") }),
      },
    },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGTERM"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  };
  stack.defer(stop);
  let output = "";
  const ready = new Promise<number>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`Windlass did not start: ${why}\n${output}`));
    const timer = setTimeout(() => fail("too slow"), START_LIMIT_MS);
    const take = (text: Buffer) => {
      output += text;
      if (!/^Console +http\S+\n/m.test(output)) return;
      clearTimeout(timer);
      resolve(performance.now() - began);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("exit", (code) => fail(`it ended with ${code}`));
  });
  const readyMs = await ready;
  return {
    child,
    readyMs,
    stop,
    get output() {
      return output;
    },
  };
}

export interface Stack extends Site {
  url: string;
  api: WindlassClient["api"];
  token: string;
  /** The administrator's session, as a Cookie header */
  cookie: string;
  teamId: string;
  databaseUrl: string;
  /** Stops the whole and starts it again in its data folder */
  restart(): Promise<void>;
  processes(): { supervisor: number; web: number; worker: number; router: number; postgres: number[] };
}

/** A whole Windlass with an administrator and a personal token, made the way a person makes them. */
export async function startStack(stack: AsyncDisposableStack, options: { docker: boolean }): Promise<Stack> {
  const site = await makeSite(stack);
  let running = await startWindlass(stack, site, options);
  const url = `http://127.0.0.1:${site.port}`;
  const setupKey = await untilPrinted(running, /^Set-up link \S+\?key=(\S+)$/m);
  const { token, cookie, teamId } = await setUp(url, setupKey);
  const client = createWindlassClient({ url, token });
  stack.defer(() => client.close());
  const postgres = await startEmbedded(site.dataFolder);
  return {
    ...site,
    url,
    api: client.api,
    token,
    cookie,
    teamId,
    databaseUrl: postgres.url("windlass"),
    async restart() {
      await running.stop();
      running = await startWindlass(stack, site, options);
    },
    processes: () => findProcesses(running.child.pid ?? 0, site.dataFolder),
  };
}

async function untilPrinted(running: Running, line: RegExp): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const found = line.exec(running.output)?.[1];
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${line} was not printed:\n${running.output}`);
}

/** Through the one-time link and the sign-in page's own requests. */
export async function setUp(url: string, key: string): Promise<{ token: string; cookie: string; teamId: string }> {
  const email = "bench@example.com";
  const input = { key, name: "Bench", email, password: PASSWORD, teamName: "Bench" };
  await call(url, "setup.complete", input);
  const csrf = await fetch(`${url}/api/auth/csrf`);
  const { csrfToken } = (await csrf.json()) as { csrfToken: string };
  const signedIn = await fetch(`${url}/api/auth/callback/credentials`, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/x-www-form-urlencoded", cookie: cookiesOf(csrf) },
    body: new URLSearchParams({ csrfToken, email, password: PASSWORD, json: "true" }),
  });
  const cookie = cookiesOf(signedIn);
  if (!cookie.includes("windlass-session")) throw new Error(`The sign-in was refused: ${signedIn.status}`);
  const me = await call<{ teams: { id: string }[] }>(url, "account.me", undefined, cookie);
  const teamId = me.teams[0]?.id ?? "";
  const { token } = await call<{ token: string }>(
    url,
    "token.create",
    { teamId, name: "bench", expiresInDays: 1 },
    cookie,
  );
  return { token, cookie, teamId };
}

const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ");

/** A procedure as a browser calls it, with a session. */
async function call<T>(url: string, name: string, input: unknown, cookie = ""): Promise<T> {
  const headers = { "content-type": "application/json", ...(cookie ? { cookie, origin: url } : {}) };
  const response = await fetch(
    `${url}/api/trpc/${name}`,
    input === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify({ json: input }) },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
  return (JSON.parse(text) as { result: { data: { json: T } } }).result.data.json;
}

function findProcesses(supervisor: number, dataFolder: string): ReturnType<Stack["processes"]> {
  const all = listProcesses();
  const child = (script: string): number => {
    const found = all.find(({ parent, command }) => parent === supervisor && command.includes(script));
    if (!found) throw new Error(`${script} does not run.`);
    return found.pid;
  };
  const master = all.find(({ command }) => command.includes("postgres") && command.includes(dataFolder));
  const backends = all.filter(({ parent }) => master !== undefined && parent === master.pid);
  return {
    supervisor,
    web: child("apps/web/src/server/main.ts"),
    worker: child("apps/worker/src/main.ts"),
    router: child("apps/router/src/main.ts"),
    postgres: master ? [master.pid, ...backends.map(({ pid }) => pid)] : [],
  };
}

/** Two ports that nobody had a moment ago, held at the same time so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = await Promise.all(
    [0, 1].map(() => {
      const { promise, resolve } = Promise.withResolvers<ReturnType<typeof createServer>>();
      const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
      return promise;
    }),
  );
  const [first = 0, second = 0] = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [first, second];
}
