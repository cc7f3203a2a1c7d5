import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandRouter } from "./testing/command-router.ts";
import { fetchThrough } from "./testing/fetch-through.ts";
import { freePort } from "./testing/free-port.ts";
import { openRaw } from "./testing/send-raw.ts";
import { startLoad } from "./testing/start-load.ts";
import { startRelease } from "./testing/start-release.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

describe("the router's process", () => {
  const children: ChildProcess[] = [];
  let folder = "";
  let port = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "router-main-"));
    port = await freePort();
  });
  afterEach(async () => {
    for (const child of children.splice(0))
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  });

  const run = (environment: Record<string, string | undefined> = {}): ChildProcess => {
    const child = fork(MAIN, {
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...process.env,
        WINDLASS_ROUTER_LISTEN: `127.0.0.1:${port}`,
        WINDLASS_ROUTER_CONTROL_SOCKET: join(folder, "control.sock"),
        WINDLASS_ROUTER_TABLE: join(folder, "table"),
        ...environment,
      },
    });
    children.push(child);
    return child;
  };

  const ready = async (environment?: Record<string, string | undefined>): Promise<ChildProcess> => {
    const child = run(environment);
    const [message] = await once(child, "message");
    expect(message).toMatchObject({ type: "ready" });
    return child;
  };

  const failsWith = async (child: ChildProcess): Promise<string> => {
    let text = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(text.trim().split("\n")).toHaveLength(1);
    return text;
  };

  it("finishes what is in flight on SIGTERM and ends with 0", async () => {
    const child = await ready();
    await using release = await startRelease("r1", (_req, res) => setTimeout(() => res.end("finished"), 300));
    await commandRouter(join(folder, "control.sock")).apply("app", ["app.test"], release.target);
    const arrived = release.arrived("/");
    using client = openRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await arrived;
    child.kill("SIGTERM");
    expect(await client.closed).toContain("finished");
    expect((await once(child, "exit"))[0]).toBe(0);
  });

  it("ends when the process that started it is gone", async () => {
    const child = await ready();
    const exit = once(child, "exit");
    child.disconnect();
    expect((await exit)[0]).toBe(0);
  });

  it("says which port is taken and what to do", async () => {
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    expect(await failsWith(run())).toMatch(new RegExp(`cannot listen on 127.0.0.1:${port}.*Stop that program`));
    other.close();
  });

  it("says that its table cannot be kept where a file stands for the folder", async () => {
    await writeFile(join(folder, "file"), "");
    expect(await failsWith(run({ WINDLASS_ROUTER_TABLE: join(folder, "file", "table") }))).toContain(
      "cannot keep its table",
    );
  });

  it("names the variable that is missing or wrong", async () => {
    expect(await failsWith(run({ WINDLASS_ROUTER_TABLE: "" }))).toContain("WINDLASS_ROUTER_TABLE is not set");
    expect(await failsWith(run({ WINDLASS_ROUTER_LISTEN: "eighty" }))).toContain("host:port");
  });

  it("hands over to a second router on the same port without losing a request", async () => {
    const first = await ready();
    const socket = join(folder, "control.sock");
    await using release = await startRelease("r1");
    await commandRouter(socket).apply("app", ["app.test"], release.target);
    const load = await startLoad({ port, host: "app.test", connections: 8, slowConnections: 0 });
    const second = await ready();
    const exit = once(first, "exit");
    if (first.exitCode === null) first.kill("SIGTERM");
    expect((await exit)[0]).toBe(0);
    expect((await fetchThrough(port, "app.test")).body).toBe("r1");
    expect(await commandRouter(socket).health()).toEqual({ ok: true, hosts: 1 });
    const report = await load.stop();
    expect(report.failures).toEqual({});
    expect(report.requests).toBeGreaterThan(100);
    second.kill("SIGTERM");
    await once(second, "exit");
  });
});
