import { once } from "node:events";
import { get, type IncomingMessage, type ServerResponse } from "node:http";
import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { fetchThrough } from "../testing/fetch-through.ts";
import { openRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter, type TestRouter } from "../testing/start-test-router.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

type Scene = TestRouter & {
  release: TestRelease;
  next: TestRelease;
  sockets: WebSocketServer;
  answers: ServerResponse[];
};

/** r1 is live and leaves its answers to the test; r2 waits to take over. */
async function serve(options?: Parameters<typeof startTestRouter>[0]): Promise<Scene> {
  const answers: ServerResponse[] = [];
  const release = await startRelease("r1", (_req, res) => void answers.push(res));
  const next = await startRelease("r2");
  const sockets = new WebSocketServer({ server: release.server });
  const router = await startTestRouter(options);
  open.push(release, next, router);
  await router.control.apply("app", ["app.test"], release.target);
  return { ...router, release, next, sockets, answers };
}

const connect = (port: number, options: object = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { Host: "app.test" }, ...options });

/** A client that has read the answer's head and goes on reading its body. */
async function follow(port: number, path = "/"): Promise<{ res: IncomingMessage; text: Promise<string> }> {
  const req = get({ port, path, headers: { host: "app.test" }, agent: false });
  const [res] = (await once(req, "response")) as [IncomingMessage];
  const read = async (): Promise<string> => {
    let text = "";
    for await (const chunk of res.setEncoding("utf8")) text += chunk;
    return text;
  };
  const text = read();
  text.catch(() => {});
  return { res, text };
}

describe("a drain", () => {
  it("closes WebSockets with 1012 on both sides once their grace is over, and not before", async () => {
    const { port, control, next, sockets } = await serve();
    const client = connect(port);
    await once(client, "open");
    const [atRelease] = [...sockets.clients] as [WebSocket];
    await control.switch("app", next.target);
    const clientClosed = once(client, "close");
    const releaseClosed = once(atRelease, "close");
    const draining = control.drain("app", "r1", 60_000, 150);
    // Within the grace it still carries messages.
    client.send("still here");
    expect(String((await once(atRelease, "message"))[0])).toBe("still here");
    for (const [code, reason] of [await clientClosed, await releaseClosed]) {
      expect(code).toBe(1012);
      expect(String(reason)).toBe("Service Restart");
    }
    expect(await draining).toMatchObject({ drained: 0, closed: 1, cutOff: 0 });
  });

  it("puts the close frame between two frames while messages stream both ways, compressed or not", async () => {
    const { port, control, next, release } = await serve({ limits: { goodbyeMs: 50_000 } });
    release.server.removeAllListeners("upgrade");
    const sockets = new WebSocketServer({ server: release.server, perMessageDeflate: true });
    const message = Buffer.alloc(300_000, "windlass ");
    const errors: unknown[] = [];
    sockets.on("connection", (socket) => {
      socket.on("error", (error) => errors.push(error));
      const pump = (): void => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message, () => setImmediate(pump));
      };
      pump();
    });
    const clients = [true, false].map((perMessageDeflate) => connect(port, { perMessageDeflate }));
    const ends = clients.map(async (client) => {
      let whole = 0;
      client.on("message", (data: Buffer) => {
        if (data.equals(message)) whole++;
        else errors.push(`a message of ${data.length} bytes came broken`);
      });
      client.on("error", (error) => errors.push(error));
      await once(client, "open");
      const pump = (): void => {
        if (client.readyState === WebSocket.OPEN) client.send(message, () => setImmediate(pump));
      };
      pump();
      const [code] = await once(client, "close");
      return { code, whole };
    });
    await Promise.all(clients.map((client) => once(client, "message")));
    await control.switch("app", next.target);
    const result = await control.drain("app", "r1", 60_000, 100);
    for (const { code, whole } of await Promise.all(ends)) {
      expect(code).toBe(1012);
      expect(whole).toBeGreaterThan(0);
    }
    expect(errors).toEqual([]);
    expect(result).toMatchObject({ closed: 2, cutOff: 0 });
  });

  it("leaves a WebSocket alone that is closing by itself", async () => {
    const { port, control, next, sockets } = await serve();
    const client = connect(port);
    await once(client, "open");
    await control.switch("app", next.target);
    const draining = control.drain("app", "r1", 60_000, 0);
    for (const one of sockets.clients) one.close(4001, "own words");
    const [code] = await once(client, "close");
    expect([1012, 4001]).toContain(code);
    expect((await draining).cutOff).toBe(0);
  });

  it("cuts a WebSocket off that does not answer to its close frame", async () => {
    const { port, control, next } = await serve({ limits: { goodbyeMs: 50 } });
    const socket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    socket.write(
      "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    await once(socket, "data");
    await control.switch("app", next.target);
    expect(await control.drain("app", "r1", 60_000, 0)).toMatchObject({ drained: 0, closed: 0, cutOff: 1 });
    socket.destroy();
  });

  it("ends an event stream in order between two events once its grace is over", async () => {
    const { port, control, next, release, answers } = await serve();
    const arrived = release.arrived("/");
    const asked = follow(port);
    await arrived;
    answers[0]?.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: one\n\ndata: tw");
    const { res, text } = await asked;
    await control.switch("app", next.target);
    const draining = control.drain("app", "r1", 60_000, 30);
    let isOver = false;
    void text.then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(isOver).toBe(false);
    answers[0]?.write("o\n\n");
    expect(await text).toBe("data: one\n\ndata: two\n\n");
    expect(res.complete).toBe(true);
    expect(await draining).toMatchObject({ drained: 0, closed: 1, cutOff: 0 });
  });

  it("breaks off a download at its limit: ended in order it would pass for whole", async () => {
    const { port, control, next, release, answers } = await serve();
    const arrived = release.arrived("/");
    const asked = follow(port);
    await arrived;
    answers[0]?.writeHead(200, { "Content-Type": "application/zip" }).write("half of it");
    const { text } = await asked;
    await control.switch("app", next.target);
    expect(await control.drain("app", "r1", 30, 0)).toMatchObject({ drained: 0, closed: 0, cutOff: 1 });
    await expect(text).rejects.toThrow("aborted");
  });

  it("answers with a page whoever still waits for a first byte at its limit", async () => {
    const { port, control, next, release } = await serve();
    const arrived = release.arrived("/late");
    const late = fetchThrough(port, "app.test", { path: "/late" });
    await arrived;
    await control.switch("app", next.target);
    expect(await control.drain("app", "r1", 30)).toMatchObject({ drained: 0, cutOff: 1 });
    const page = await late;
    expect(page.status).toBe(503);
    expect(page.headers["x-windlass-router"]).toBe("cut_off");
  });

  it("sends nobody away from a target that is live again", async () => {
    const { port, control, next, release } = await serve();
    const client = connect(port);
    await once(client, "open");
    await control.switch("app", next.target);
    const draining = control.drain("app", "r1", 60, 60);
    await control.switch("app", { ...release.target, addresses: [...release.target.addresses] });
    expect((await draining).cutOff).toBe(0);
    client.terminate();
  });
});

describe("a router that stops", () => {
  it("lets WebSockets and event streams go on for their grace, then asks them to come again", async () => {
    const scene = await serve({ limits: { stopMs: 60_000, stopStreamGraceMs: 100, lingerMs: 20 } });
    const { port, router, release, answers } = scene;
    const client = connect(port);
    await once(client, "open");
    const arrived = release.arrived("/");
    const asked = follow(port);
    await arrived;
    answers[0]?.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: one\n\n");
    const { res, text } = await asked;
    const closed = once(client, "close");
    await router.stop();
    expect((await closed)[0]).toBe(1012);
    expect(await text).toBe("data: one\n\n");
    expect(res.complete).toBe(true);
    using refused = openRaw(port);
    expect(await refused.closed).toBe("");
  });
});
