import http from "node:http";
import type { AddressInfo } from "node:net";
import { HealthCheck, PROBE_HEADER, ROUTER_PAGE_HEADER } from "@windlass/domain";
import { afterEach, describe, expect, it } from "vitest";
import { startProber } from "./prober.ts";

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Entrance {
  entry: { host: string; port: number };
  requests: http.IncomingMessage[];
  connections: Set<unknown>;
}

async function serve(answer: (req: http.IncomingMessage, res: http.ServerResponse) => void): Promise<Entrance> {
  const requests: http.IncomingMessage[] = [];
  const connections = new Set<unknown>();
  const server = http.createServer((req, res) => {
    requests.push(req);
    connections.add(req.socket);
    answer(req, res);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { entry: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, requests, connections };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const check = HealthCheck.parse({ path: "/health" });
const askForKey = async () => "the key";

describe("a prober", () => {
  it("counts what it met from the command to switch on, on kept and on new connections", async () => {
    const { entry, requests, connections } = await serve((_req, res) => res.end("fine"));
    using prober = startProber({ entry, host: "app.test", check, askForKey });
    await until(() => requests.length >= 3);
    prober.noteSwitching();
    const commandedAt = Date.now();
    const before = requests.length;
    await until(() => requests.length >= before + 10);
    const summary = prober.summarise({ commandedAt, switchedAt: commandedAt + 1, hadLive: true });
    expect(summary).toMatchObject({ failures: 0, firstFailure: null });
    expect(summary?.requests).toBeGreaterThanOrEqual(8);
    expect(summary?.points.some(({ atMs }) => atMs < 0)).toBe(true);
    expect(connections.size).toBeGreaterThan(2);
    expect(connections.size).toBeLessThan(requests.length);
    expect(requests[0]?.headers).toMatchObject({ host: "app.test", [PROBE_HEADER]: "the key" });
    expect(requests[0]?.url).toBe("/health");
  });

  it("takes pages of the router, 5xx and broken connections for failures, and says what the first met", async () => {
    let turn = 0;
    const { entry, requests } = await serve((req, res) => {
      turn++;
      if (turn === 2) res.writeHead(502, { [ROUTER_PAGE_HEADER]: "no_answer" }).end();
      else if (turn === 3) res.writeHead(500).end();
      else if (turn === 4) req.socket.destroy();
      else if (turn === 5) res.writeHead(404).end();
      else res.end();
    });
    const commandedAt = Date.now();
    using prober = startProber({ entry, host: "app.test", check, askForKey });
    prober.noteSwitching();
    const moved = { commandedAt, switchedAt: commandedAt, hadLive: true };
    await until(() => (prober.summarise(moved)?.failures ?? 0) >= 3 && requests.length >= 10);
    const summary = prober.summarise(moved);
    expect(summary?.failures).toBe(3);
    expect(summary?.firstFailure).toMatch(
      /^the router answered 502 \(no_answer\)$|^the app answered 500$|hang up|RESET/,
    );
    expect(summary?.points.filter(({ isOk }) => !isOk)).toHaveLength(3);
  });

  it("does not count that nothing answered before the first release was live", async () => {
    let isLive = false;
    const { entry, requests } = await serve((_req, res) => {
      if (!isLive) res.writeHead(503, { [ROUTER_PAGE_HEADER]: "not_deployed" });
      res.end();
    });
    using prober = startProber({ entry, host: "app.test", check, askForKey });
    await until(() => requests.length >= 2);
    prober.noteSwitching();
    const commandedAt = Date.now();
    isLive = true;
    const switchedAt = Date.now() + 1;
    await until(() => requests.length >= 10);
    const summary = prober.summarise({ commandedAt, switchedAt, hadLive: false });
    expect(summary).toMatchObject({ failures: 0 });
    expect(summary?.points.every(({ isOk }) => isOk)).toBe(true);
  });

  it("has nothing to say when the router does not answer or there is no host", async () => {
    const { entry } = await serve((_req, res) => res.end());
    using deaf = startProber({ entry, host: "app.test", check, askForKey: () => Promise.reject(new Error("no")) });
    using homeless = startProber({ entry, host: undefined, check, askForKey });
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const prober of [deaf, homeless])
      expect(prober.summarise({ commandedAt: 0, switchedAt: 0, hadLive: true })).toBeNull();
  });
});
