import { once } from "node:events";
import { mkdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { RouterTable, ServiceState, SwitchResult } from "@windlass/domain";
import { afterEach, describe, expect, it } from "vitest";
import { commandRouter, sendCommand } from "../testing/command-router.ts";
import { fetchThrough } from "../testing/fetch-through.ts";
import { openRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter, type TestRouter } from "../testing/start-test-router.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function start(options?: Parameters<typeof startTestRouter>[0]): Promise<TestRouter> {
  const router = await startTestRouter(options);
  open.push(router);
  return router;
}

async function release(...args: Parameters<typeof startRelease>): Promise<TestRelease> {
  const one = await startRelease(...args);
  open.push(one);
  return one;
}

describe("the control protocol", () => {
  it("answers every command in the shape that the worker expects", async () => {
    const { control, controlSocket } = await start();
    const [r1, r2] = [await release("r1"), await release("r2")];
    const applied = await control.apply("app", ["app.test"], r1.target);
    expect(ServiceState.parse(applied)).toMatchObject({
      service: "app",
      token: 1,
      hosts: ["app.test"],
      target: { id: "r1" },
    });
    const switched = await control.switch("app", r2.target);
    expect(SwitchResult.parse(switched)).toMatchObject({ previous: { id: "r1" } });
    expect(await control.drain("app", "r1", 1000)).toMatchObject({ drained: 0, cutOff: 0 });
    expect(RouterTable.parse(await control.table()).services).toHaveLength(1);
    expect(await control.health()).toEqual({ ok: true, hosts: 1 });
    expect(await control.remove("app")).toEqual({});
    expect((await control.table()).services).toEqual([]);
    expect((await sendCommand(controlSocket, "/nonsense", {})).status).toBe(404);
  });

  it("says which rule a refused command broke", async () => {
    const { control, controlSocket } = await start();
    const target = { id: "r", addresses: [{ host: "127.0.0.1", port: 1 }] };
    await control.apply("a", ["a.test"], target, 5);
    const refused = async (path: string, body: unknown) => {
      const answer = await sendCommand(controlSocket, path, body);
      return [answer.status, answer.body.error];
    };
    expect(await refused("/apply", { service: "a", token: 4, hosts: [], target: null })).toEqual([409, "stale_token"]);
    expect(await refused("/apply", { service: "b", token: 1, hosts: ["a.test"], target: null })).toEqual([
      409,
      "host_taken",
    ]);
    expect(await refused("/switch", { service: "b", token: 1, target })).toEqual([404, "not_found"]);
    expect(await refused("/apply", { service: "a", token: 5, hosts: ["A B"], target: null })).toEqual([
      400,
      "invalid_input",
    ]);
    expect(await refused("/switch", { service: "a", token: 5, target: { id: "x", addresses: [] } })).toEqual([
      400,
      "invalid_input",
    ]);
    expect(await refused("/drain", { service: "a", token: 5, targetId: "r", timeoutMs: 1 })).toEqual([
      400,
      "invalid_input",
    ]);
    expect(await refused("/drain", { service: "a", token: 4, targetId: "r", timeoutMs: 1 })).toEqual([
      409,
      "stale_token",
    ]);
    expect(await refused("/remove", { service: "a", token: 4 })).toEqual([409, "stale_token"]);
    expect(await refused("/__proto__", {})).toEqual([404, "not_found"]);
  });

  it("changes nothing when a command comes a second time", async () => {
    const { control, port, tableFile } = await start();
    const [r1, r2] = [await release("r1"), await release("r2")];
    await control.apply("app", ["app.test"], r1.target);
    await control.switch("app", r2.target);
    const before = await readFile(tableFile, "utf8");
    expect((await control.switch("app", r2.target)).previous).toBeNull();
    await control.drain("app", "r1", 10);
    await control.drain("app", "never-was", 10);
    expect(await readFile(tableFile, "utf8")).toBe(before);
    await control.remove("app");
    await control.remove("app");
    expect((await fetchThrough(port, "app.test")).status).toBe(404);
  });

  it("is open to the router's own user only, and replaces a socket that a crash left behind", async () => {
    const first = await start();
    expect((await stat(first.controlSocket)).mode & 0o777).toBe(0o600);
    const stale = join(first.folder, "stale.sock");
    const dead = createServer().listen(`${stale}.bound`);
    await once(dead, "listening");
    await writeFile(stale, "");
    await start({ controlSocket: stale, tableFile: join(first.folder, "other") });
    expect(await commandRouter(stale).health()).toEqual({ ok: true, hosts: 0 });
    dead.close();
  });
});

describe("a switch", () => {
  it("sends the next request to the new release and lets the old one finish what it has", async () => {
    const { control, port } = await start();
    let held: ServerResponse | undefined;
    const r1 = await release("r1", (_req, res) => {
      held = res;
      res.write("begun ");
    });
    const r2 = await release("r2");
    await control.apply("app", ["app.test"], r1.target);
    using client = openRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.until("begun");
    await control.switch("app", r2.target);
    expect((await fetchThrough(port, "app.test")).body).toBe("r2");
    let isDrained = false;
    const drained = control.drain("app", "r1", 10_000).then((result) => {
      isDrained = true;
      return result;
    });
    expect((await fetchThrough(port, "app.test")).body).toBe("r2");
    expect(isDrained).toBe(false);
    held?.end("ended");
    await client.until("ended");
    expect(await drained).toMatchObject({ drained: 1, cutOff: 0 });
  });

  it("closes the connections to a release that has nothing left to do", async () => {
    const { control, port } = await start({ limits: { releaseIdleMs: 60_000 } });
    const [r1, r2] = [await release("r1"), await release("r2")];
    await control.apply("app", ["app.test"], r1.target);
    const connected = once(r1.server, "connection");
    await fetchThrough(port, "app.test");
    const [socket] = await connected;
    const closed = once(socket, "close");
    await control.switch("app", r2.target);
    await closed;
  });

  it("back during a drain keeps the requests of the release that is live again", async () => {
    const { control, port } = await start();
    let held: ServerResponse | undefined;
    const r1 = await release("r1", (_req, res) => {
      held = res;
      res.write("begun ");
    });
    const r2 = await release("r2");
    await control.apply("app", ["app.test"], r1.target);
    using client = openRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.until("begun");
    await control.switch("app", r2.target);
    const drained = control.drain("app", "r1", 60_000);
    expect((await control.switch("app", r1.target)).previous?.id).toBe("r2");
    held?.end("ended");
    await client.until("ended");
    expect(await drained).toMatchObject({ drained: 1, cutOff: 0 });
  });

  it("cuts off at the drain's limit what is still open, and tells how many", async () => {
    const { control, port } = await start();
    const r1 = await release("r1", (_req, res) => void res.write("begun "));
    const r2 = await release("r2");
    await control.apply("app", ["app.test"], r1.target);
    const clients = [openRaw(port), openRaw(port)];
    for (const client of clients) {
      client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
      await client.until("begun");
    }
    await control.switch("app", r2.target);
    expect(await control.drain("app", "r1", 0)).toMatchObject({ drained: 0, cutOff: 2 });
    for (const client of clients) expect(await client.closed).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  it("survives a restart, and so do fencing tokens and those of removed services", async () => {
    const first = await start();
    const r1 = await release("r1");
    await first.control.apply("app", ["app.test"], null, 3);
    await first.control.switch("app", r1.target, 4);
    await first.control.apply("gone", ["gone.test"], null, 9);
    await first.control.remove("gone", 9);
    await first.router.stop();
    const second = await start({ controlSocket: first.controlSocket, tableFile: first.tableFile });
    expect((await fetchThrough(second.port, "app.test")).body).toBe("r1");
    const again = (service: string, token: number) =>
      sendCommand(first.controlSocket, "/apply", { service, token, hosts: [], target: null });
    expect((await again("app", 3)).body.error).toBe("stale_token");
    expect((await again("gone", 8)).body.error).toBe("stale_token");
  });

  it("changes nothing when the disk refuses the table", async () => {
    const { control, controlSocket, port, tableFile } = await start();
    const [r1, r2] = [await release("r1"), await release("r2")];
    await control.apply("app", ["app.test"], r1.target);
    // A folder where the new table is to be written: refused for root, too.
    const beside = `${tableFile}.new.${process.pid}`;
    await mkdir(beside);
    const answer = await sendCommand(controlSocket, "/switch", { service: "app", token: 1, target: r2.target });
    expect(answer).toMatchObject({ status: 500, body: { error: "failed" } });
    expect((await fetchThrough(port, "app.test")).body).toBe("r1");
    await rmdir(beside);
    await control.switch("app", r2.target);
    expect((await fetchThrough(port, "app.test")).body).toBe("r2");
  });
});

describe("the question whether a host is known", () => {
  it("is answered yes for hosts in the table and no for all others", async () => {
    const { control, router } = await start({ askListen: { host: "127.0.0.1", port: 0 } });
    await control.apply("app", ["app.test"], null);
    const ask = async (path: string) => (await fetchThrough(router.askListen?.port ?? 0, "x", { path })).status;
    expect(await ask("/ask?domain=app.test")).toBe(200);
    expect(await ask("/ask?domain=App.Test.")).toBe(200);
    expect(await ask("/ask?domain=other.test")).toBe(404);
    expect(await ask("/ask")).toBe(404);
    expect(await ask("/")).toBe(404);
  });
});
