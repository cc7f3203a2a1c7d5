import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const START_LIMIT_MS = 220_000;

/** A whole Windlass, started by the command that people use, in a data folder of its own. */
export interface RunningWindlass {
  console: string;
  setupLink: string;
  /** The address of an app by its name in addresses */
  appUrl(slug: string): string;
  dataFolder: string;
  pid: number;
  stop(): Promise<void>;
}

export async function startWindlass(options: { runtime: "docker" | "process" }): Promise<RunningWindlass> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), "windlass-e2e-"));
  const [port, routerPort] = await freePorts();
  const argv = ["--port", String(port), "--router-port", String(routerPort), "--data-dir", dataFolder, "--no-sample"];
  const child = spawn(process.execPath, [path.join(ROOT, "scripts/start.mjs"), ...argv], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      WINDLASS_LEAST_FREE_MB: "0",
      WINDLASS_GIT_ALLOW_HTTP: "true",
      WINDLASS_GIT_PRIVATE_RANGES: "127.0.0.0/8",
      ...(options.runtime === "process" ? { WINDLASS_DOCKER_SOCKET: path.join(dataFolder, "no-docker.sock") } : {}),
    },
  });
  const output = await untilReady(child).catch((error: unknown) => {
    child.kill("SIGTERM");
    throw error;
  });
  return {
    console: lineOf(output, "Console"),
    setupLink: lineOf(output, "Set-up link"),
    appUrl: (slug) => `http://${slug}.localhost:${routerPort}`,
    dataFolder,
    pid: child.pid ?? 0,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null) child.kill("SIGTERM");
      else return;
      await ended;
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** What it printed, once the last of its lines is there. */
function untilReady(child: ChildProcess): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`Windlass did not start: ${why}\n${output}`));
    const timer = setTimeout(() => fail("too slow"), START_LIMIT_MS);
    const take = (chunk: Buffer) => {
      output += chunk;
      if (!/^Set-up link http\S+\n/m.test(output)) return;
      clearTimeout(timer);
      resolve(output);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("exit", (code) => fail(`it ended with ${code}`));
  });
}

function lineOf(output: string, name: string): string {
  const found = new RegExp(`^${name} +(http\\S+)$`, "m").exec(output)?.[1];
  if (!found) throw new Error(`${name} was not printed:\n${output}`);
  return found;
}

/** Two ports that nobody had a moment ago, held at the same time so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = await Promise.all(
    [0, 1].map(
      () =>
        new Promise<net.Server>((resolve) => {
          const server = net.createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const [first = 0, second = 0] = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [first, second];
}
