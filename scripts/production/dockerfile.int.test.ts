import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createTestDatabase } from "@windlass/db/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const BASE = "node:22-slim";
const TARGETS = ["build", "web", "worker", "router"] as const;
const run = promisify(execFile);
const docker = async (...argv: string[]) => (await run("docker", argv, { maxBuffer: 64 * 1024 * 1024 })).stdout.trim();

function hasBaseImage(): boolean {
  try {
    execFileSync("docker", ["image", "inspect", BASE], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasBaseImage())(`Dockerfile on ${BASE} [needs docker]`, () => {
  const id = randomBytes(4).toString("hex");
  const tag = (target: string) => `windlass-test-${id}:${target}`;

  beforeAll(async () => {
    // The first has a tag as well, or the engine would keep it when the others are gone.
    for (const target of TARGETS) {
      const argv = ["build", "--quiet", "--build-arg", `BASE_IMAGE=${BASE}`, "--target", target, "--tag", tag(target)];
      await docker(...argv, ROOT);
    }
  }, 600_000);

  afterAll(async () => {
    await docker("rm", "--force", "--volumes", `windlass-test-${id}`).catch(() => {});
    for (const target of [...TARGETS].reverse()) await docker("rmi", "--force", tag(target)).catch(() => {});
  }, 60_000);

  it.each(["web", "worker", "router"])("runs the Node that the lock file names in %s", async (target) => {
    const version = await docker("run", "--rm", "--network", "none", tag(target), "node", "--version");
    expect(version).toMatch(/^v26\./);
  });

  it("keeps development tools, secrets and data out", async () => {
    const listing = await docker(
      ...["run", "--rm", "--network", "none", tag("worker"), "ls", "-a", ".", "node_modules"],
    );
    const names = listing.split("\n");
    for (const name of ["vitest", "turbo", "playwright", ".env", "data", ".git"]) expect(names).not.toContain(name);
  });

  it("gives the worker git and a client for ssh", async () => {
    const versions = await docker(
      ...["run", "--rm", "--network", "none", tag("worker"), "sh", "-c", "git --version && command -v ssh iptables"],
    );
    expect(versions).toMatch(/git version 2/);
  });

  it("answers /api/health from the web image", async () => {
    const database = await createTestDatabase();
    const port = await freePort();
    const settings = {
      DATABASE_URL: database.url,
      WINDLASS_SECRET_KEY: "0".repeat(64),
      HOST: "127.0.0.1",
      PORT: String(port),
    };
    const env = Object.entries(settings).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    await docker("run", "--detach", "--name", `windlass-test-${id}`, "--network", "host", "--init", ...env, tag("web"));
    try {
      const status = await untilAnswered(`http://127.0.0.1:${port}/api/health`, 30_000);
      expect(status, await docker("logs", `windlass-test-${id}`)).toBe(200);
    } finally {
      await docker("rm", "--force", "--volumes", `windlass-test-${id}`);
      await database.drop();
    }
  });
});

async function untilAnswered(url: string, withinMs: number): Promise<number | undefined> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return answer.status;
    await sleep(200);
  }
  return undefined;
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
