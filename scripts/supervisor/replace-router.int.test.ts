import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo, BoundSocket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Child } from "./child.ts";
import { holdPort } from "./hold-port.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CLIENTS = 4;

let folder: string;
let entrance: BoundSocket;
let router: Child;
let release: http.Server;
let port: number;
let crashes = 0;
const recovered: (() => void)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "windlass-replace-"));
  mkdirSync(path.join(folder, "logs"));
  release = http.createServer((req, res) => setTimeout(() => res.end("answer"), req.url === "/slow" ? 300 : 0));
  await new Promise<void>((resolve) => release.listen(0, "127.0.0.1", resolve));
  const held = await holdPort("127.0.0.1", 0);
  if (held === undefined) throw new Error("The port could not be held.");
  entrance = held;
  port = entrance.address().port;
  const env = {
    ...process.env,
    WINDLASS_ROUTER_LISTEN: `127.0.0.1:${port}`,
    WINDLASS_ROUTER_CONTROL_SOCKET: path.join(folder, "control.sock"),
    WINDLASS_ROUTER_TABLE: path.join(folder, "table"),
  };
  const script = path.join(ROOT, "apps/router/src/main.ts");
  router = new Child(
    { name: "router", script, env, dataFolder: folder, listenFd: entrance.fd() },
    {
      onCrash: () => void crashes++,
      onRecovered: () => {
        for (const tell of recovered.splice(0)) tell();
      },
      onProcess: () => {},
    },
  );
  await router.start();
  const address = { host: "127.0.0.1", port: (release.address() as AddressInfo).port };
  await command("/apply", { service: "a", token: 1, hosts: ["a.test"], target: { id: "r", addresses: [address] } });
});
afterAll(async () => {
  await router?.stop(5_000);
  entrance?.close();
  release?.close();
  rmSync(folder, { recursive: true, force: true });
});

function command(name: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: path.join(folder, "control.sock"), path: name, method: "POST", agent: false };
    const request = http.request(options, (response) =>
      response.resume().on("end", () => resolve(response.statusCode)),
    );
    request.on("error", reject).end(JSON.stringify(body));
  });
}

const visit = (agent: http.Agent | false, page = "/"): Promise<string> =>
  new Promise((resolve) => {
    const request = http.get(
      { host: "127.0.0.1", port, path: page, agent, headers: { host: "a.test" } },
      (response) => {
        response.resume().on("end", () => resolve(String(response.statusCode)));
        response.on("error", (error) => resolve(error.message));
      },
    );
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

/** Visitors on kept and on new connections, and with slow answers; resolves with what each of them met, counted. */
function startVisits(): () => Promise<Record<string, number>> {
  const met: Record<string, number> = {};
  let isOver = false;
  const keptAlive = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  const line = async (agent: http.Agent | false, page?: string): Promise<void> => {
    while (!isOver) {
      const outcome = await visit(agent, page);
      met[outcome] = (met[outcome] ?? 0) + 1;
    }
  };
  const lines = Array.from({ length: CLIENTS }, () => [line(keptAlive), line(false), line(false, "/slow")]).flat();
  return async () => {
    isOver = true;
    await Promise.all(lines);
    keptAlive.destroy();
    return met;
  };
}

it("replaces the router under visitors without losing one", async () => {
  const stop = startVisits();
  for (let turn = 0; turn < 2; turn++) {
    const [before] = router.pids;
    expect(await router.replace()).toBeUndefined();
    while (router.pids.includes(before as number)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(router.pids).toHaveLength(1);
  }
  const met = await stop();
  expect(Object.keys(met)).toEqual(["200"]);
  expect(met["200"]).toBeGreaterThan(50);
  expect(crashes).toBe(0);
});

it("lets new visitors wait, and refuses none, while the router starts again after it was killed", async () => {
  const back = new Promise<void>((resolve) => recovered.push(resolve));
  process.kill(router.pids[0] as number, "SIGKILL");
  while (crashes === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => visit(false)));
  await back;
  expect(new Set(outcomes)).toEqual(new Set(["200"]));
  expect(crashes).toBe(1);
});
