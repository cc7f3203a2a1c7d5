import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const UP_WITHIN_MS = 120_000;

let folder: string;
let ports: [number, number];
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "windlass-start-"));
  // Root's PostgreSQL must get through to the data, or it would keep its own outside of this folder.
  chmodSync(folder, 0o711);
  ports = [await freePort(), await freePort()];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A supervisor under test: what it prints, until it is up, until it has ended. */
class Windlass implements AsyncDisposable {
  readonly process: ChildProcess;
  output = "";
  #exit: Promise<number | null>;

  constructor(argv: string[] = [], env: NodeJS.ProcessEnv = {}) {
    const [port, routerPort] = ports;
    const flags = [
      "--port",
      String(port),
      "--router-port",
      String(routerPort),
      "--data-dir",
      path.join(folder, "data"),
    ];
    this.process = spawn(process.execPath, [path.join(ROOT, "scripts/start.mjs"), ...flags, ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
      // The sample runs as a process: these tests need no engine, and leave nothing in one.
      env: { ...process.env, WINDLASS_DOCKER_SOCKET: path.join(folder, "no-docker.sock"), DATABASE_URL: "", ...env },
    });
    this.process.stdout?.on("data", (part: Buffer) => (this.output += part));
    this.process.stderr?.on("data", (part: Buffer) => (this.output += part));
    this.#exit = once(this.process, "exit").then(([code]) => code as number | null);
  }

  async up(): Promise<string> {
    const deadline = Date.now() + UP_WITHIN_MS;
    while (!this.output.includes("\nConsole     http://")) {
      if (this.process.exitCode !== null || Date.now() > deadline) throw new Error(`Not up:\n${this.output}`);
      await sleep(50);
    }
    // The lines come in one go; the last of them is complete when nothing more follows.
    await sleep(200);
    return this.output;
  }

  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal) this.process.kill(signal);
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.end("SIGTERM");
  }
}

const link = (output: string, name: string) => new RegExp(`^${name} +(http\\S+)$`, "m").exec(output)?.[1];

describe("a start that cannot go on says why in one sentence", () => {
  it("when a port is taken", async () => {
    const server = net.createServer().listen(ports[1], "127.0.0.1");
    await once(server, "listening");
    await using windlass = new Windlass();
    expect(await windlass.end()).toBe(1);
    expect(windlass.output).toContain(`Port ${ports[1]} is taken by another program.`);
    expect(windlass.output).toContain("--router-port");
    await new Promise((resolve) => server.close(resolve));
  });

  it("when the data folder is a file", async () => {
    await using windlass = new Windlass(["--data-dir", path.join(ROOT, "package.json")]);
    expect(await windlass.end()).toBe(1);
    expect(windlass.output).toContain("package.json is not a folder.");
  });

  it("when the database does not answer, without telling the password", async () => {
    await using windlass = new Windlass([], { DATABASE_URL: "postgresql://windlass:canary-9d1@127.0.0.1:1/windlass" });
    expect(await windlass.end()).toBe(1);
    expect(windlass.output).toContain("No database answers at 127.0.0.1:1 (connection refused).");
    expect(windlass.output).not.toContain("canary-9d1");
  });

  it("when an option is unknown", async () => {
    await using windlass = new Windlass(["--prot", "1"]);
    expect(await windlass.end()).toBe(2);
    expect(windlass.output).toBe(
      "✗ Windlass does not know the option --prot.\n  npm start -- --help lists the options.\n",
    );
  });
});

describe("Windlass under its supervisor", () => {
  it("deploys the sample app on the first run, and comes back with it after Ctrl-C and after SIGKILL of everything", async () => {
    const first = new Windlass();
    const printed = await first.up();
    expect(printed).toMatch(
      /Console {5}http:\/\/127\.0\.0\.1:\d+\nSet-up link http:\S+\/setup\?key=\S+\nSample app {2}http:\S+\n$/,
    );
    const sample = link(printed, "Sample app") ?? "";
    expect((await fetch(sample)).status).toBe(200);
    expect((await fetch(`${link(printed, "Console")}/api/health`)).status).toBe(200);

    await using rival = new Windlass();
    expect(await rival.end()).toBe(1);
    expect(rival.output).toContain(`as process ${first.process.pid}.`);

    expect(await first.end("SIGINT")).toBe(0);
    expect(first.output).toMatch(/✓ Web .*\n.*✓ Apps .*\n.*✓ Worker .*\n.*✓ Router .*\n.*✓ Database /);
    await expect(fetch(sample)).rejects.toThrow();

    const second = new Windlass();
    const startedAt = Date.now();
    const printedAgain = await second.up();
    expect(Date.now() - startedAt).toBeLessThan(UP_WITHIN_MS);
    expect(link(printedAgain, "Sample app")).toBe(sample);
    expect((await fetch(sample)).status).toBe(200);

    for (const pid of [second.process.pid ?? 0, ...childrenInLock()]) process.kill(pid, "SIGKILL");
    await second.end();

    await using third = new Windlass();
    const printedOnceMore = await third.up();
    expect(printedOnceMore).toContain("The last run did not end properly; recovering.");
    expect(printedOnceMore).toMatch(/Database +embedded, was still running/);
    expect((await fetch(link(printedOnceMore, "Sample app") ?? "")).status).toBe(200);

    const [routerPid, webPid] = [pidOf("router"), pidOf("web")];
    process.kill(webPid, "SIGKILL");
    await until(() => third.output.includes("The web is back."));
    expect(third.output).toContain("The web was ended by SIGKILL and starts again in 0.5 s.");
    expect(pidOf("router")).toBe(routerPid);
    expect((await fetch(`${link(printedOnceMore, "Console")}/api/health`)).status).toBe(200);
  }, 300_000);
});

function childrenInLock(): number[] {
  const lock = JSON.parse(readFileSync(path.join(folder, "data/supervisor.lock"), "utf8")) as {
    children: { pid: number }[];
  };
  return lock.children.map((child) => child.pid);
}

function pidOf(program: string): number {
  const found = childrenInLock().find((pid) => {
    const file = `/proc/${pid}/cmdline`;
    return existsSync(file) && readFileSync(file, "utf8").includes(`apps/${program}/`);
  });
  if (!found) throw new Error(`No ${program} runs.`);
  return found;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("It did not come to that.");
    await sleep(50);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
