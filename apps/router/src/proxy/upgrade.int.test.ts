import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter, type TestRouter } from "../testing/start-test-router.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function serve(): Promise<TestRouter & { release: TestRelease; sockets: WebSocketServer }> {
  const release = await startRelease("r1");
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "chat" });
  sockets.on("connection", (socket, req) => {
    socket.send(`hello ${req.headers["x-forwarded-for"]}`);
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  release.server.on("upgrade", (req, socket, head) => {
    if (req.url === "/refused") socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: no\r\n\r\nno");
    else if (req.url === "/line") {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\nwelcome\n");
      socket.on("data", (data: Buffer) => socket.write(`echo ${data}`)).on("end", () => socket.end());
    } else sockets.handleUpgrade(req, socket, head, (ws) => sockets.emit("connection", ws, req));
  });
  const router = await startTestRouter();
  open.push(release, router);
  await router.control.apply("app", ["app.test"], release.target);
  return { ...router, release, sockets };
}

function connect(port: number, path = "/"): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}${path}`, ["chat"], { headers: { Host: "app.test" } });
}

describe("upgraded connections", () => {
  it("carry messages of any size both ways, with the subprotocol that the release chose", async () => {
    const { port } = await serve();
    const socket = connect(port);
    const [hello] = await once(socket, "message");
    expect(`${hello}`).toBe("hello 127.0.0.1");
    expect(socket.protocol).toBe("chat");
    for (const size of [1, 1000, 1_000_000]) {
      const message = Buffer.alloc(size, "m");
      socket.send(message);
      const [echo] = await once(socket, "message");
      expect((echo as Buffer).equals(message)).toBe(true);
    }
    socket.close(1000);
    const [code] = await once(socket, "close");
    expect(code).toBe(1000);
  });

  it("serve any protocol, and what is sent right behind the headers is not lost", async () => {
    const { port } = await serve();
    using client = openRaw(port);
    client.write("GET /line HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\nfirst");
    await client.until("welcome\n");
    await client.until("echo first");
    client.write("second");
    expect(await client.until("echo second")).toContain("101 Switching Protocols");
  });

  it("relay an answer that is not 101", async () => {
    const { port } = await serve();
    using client = openRaw(port);
    client.write("GET /refused HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const answer = await client.closed;
    expect(answer).toContain("403 Forbidden");
    expect(answer).toContain("x-why: no");
    expect(answer.endsWith("no")).toBe(true);
  });

  it("get a page when there is no such host or the release does not answer", async () => {
    const { port, release } = await serve();
    const upgrade = (host: string) =>
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    using unknown = openRaw(port);
    unknown.write(upgrade("other.test"));
    expect(await unknown.closed).toContain("404 Not Found");
    await release[Symbol.asyncDispose]();
    using dead = openRaw(port);
    dead.write(upgrade("app.test"));
    expect(await dead.closed).toContain("502 Bad Gateway");
  });

  it("are claims: a drain waits for them and closes them at its limit", async () => {
    const { port, control } = await serve();
    const next = await startRelease("r2");
    open.push(next);
    const [first, second] = [connect(port), connect(port)];
    await Promise.all([once(first, "message"), once(second, "message")]);
    expect((await control.table()).services[0]?.counts[0]?.active).toBe(2);
    await control.switch("app", next.target);
    const drained = control.drain("app", "r1", 10_000);
    first.close();
    await once(first, "close");
    second.close();
    expect(await drained).toMatchObject({ drained: 2, cutOff: 0 });
  });

  it("are closed at the drain's limit on both sides when they have no grace of their own", async () => {
    const { port, control, sockets } = await serve();
    const next = await startRelease("r2");
    open.push(next);
    const client = connect(port);
    client.on("error", () => {});
    await once(client, "message");
    const [atRelease] = [...sockets.clients];
    await control.switch("app", next.target);
    const closed = [once(client, "close"), once(atRelease as WebSocket, "close")];
    expect(await control.drain("app", "r1", 30)).toMatchObject({ drained: 0, closed: 1, cutOff: 0 });
    await Promise.all(closed);
  });

  it("end at the client when the release ends them, and at the release when the client does", async () => {
    const { port, sockets } = await serve();
    const client = connect(port);
    client.on("error", () => {});
    await once(client, "message");
    const closed = once(client, "close");
    for (const one of sockets.clients) one.terminate();
    await closed;
    const other = connect(port);
    await once(other, "message");
    const [atRelease] = [...sockets.clients];
    other.terminate();
    await once(atRelease as WebSocket, "close");
  });

  it("are not made of an offer of h2c: the request is answered as HTTP/1.1", async () => {
    const { port, release } = await serve();
    using client = openRaw(port);
    client.write(
      "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    );
    expect(await client.until("r1")).toContain("200 OK");
    expect(release.requests).toEqual(["GET /"]);
  });
});
