import { once } from "node:events";
import { Agent, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fetchThrough } from "../testing/fetch-through.ts";
import { openRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter, type TestRouter } from "../testing/start-test-router.ts";

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function serve(
  answer?: Answer,
  options?: Parameters<typeof startTestRouter>[0],
): Promise<TestRouter & { release: TestRelease }> {
  const release = await startRelease("r1", answer);
  const router = await startTestRouter(options);
  open.push(release, router);
  await router.control.apply("app", ["app.test"], release.target);
  return { ...router, release };
}

/** A release that speaks bytes: for answers that Node's server would not give. */
async function serveRaw(
  onConnection: (socket: Socket, turn: number) => void,
  options?: Parameters<typeof startTestRouter>[0],
): Promise<TestRouter & { server: Server }> {
  let turn = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    onConnection(
      socket.on("error", () => {}),
      turn++,
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const router = await startTestRouter(options);
  open.push(router, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  await router.control.apply("app", ["app.test"], { id: "raw", addresses: [{ host: "127.0.0.1", port }] });
  return { ...router, server };
}

const headersSeen: Answer = (req, res) => {
  res.end(JSON.stringify(req.rawHeaders));
};

function pairs(rawHeaders: string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2)
    result[(rawHeaders[i] as string).toLowerCase()] = rawHeaders[i + 1] as string;
  return result;
}

describe("what a release is sent", () => {
  it("has the client's address, scheme and host from the router and never from the client", async () => {
    const { port } = await serve(headersSeen);
    const forged = {
      "X-Forwarded-For": "6.6.6.6",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "evil.test",
      "X-Forwarded-Port": "443",
      "X-Real-IP": "6.6.6.6",
      Forwarded: "for=6.6.6.6",
      X_Forwarded_For: "6.6.6.6",
      "X-Forwarded_Proto": "https",
    };
    const seen = pairs(JSON.parse((await fetchThrough(port, "app.test", { headers: forged })).body));
    expect(seen).toMatchObject({
      host: "app.test",
      "x-forwarded-for": "127.0.0.1",
      "x-real-ip": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "app.test",
      "x-forwarded-port": "80",
    });
    expect(JSON.stringify(seen)).not.toMatch(/6\.6\.6\.6|evil|_/);
  });

  it("keeps a request id that is fit to log and makes one otherwise", async () => {
    const { port } = await serve(headersSeen);
    const idFor = async (headers: Record<string, string>) =>
      pairs(JSON.parse((await fetchThrough(port, "app.test", { headers })).body))["x-request-id"];
    expect(await idFor({ "X-Request-Id": "trace-1" })).toBe("trace-1");
    expect(await idFor({ "X-Request-Id": "a b" })).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idFor({})).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("has no hop-by-hop header, those that Connection names included", async () => {
    const { port } = await serve(headersSeen);
    const headers = {
      Connection: "keep-alive, X-Secret, Cookie",
      "X-Secret": "1",
      Cookie: "kept=1",
      "Keep-Alive": "timeout=9",
      "Proxy-Connection": "keep-alive",
      TE: "trailers, deflate",
      "X-Kept": "1",
    };
    const seen = pairs(JSON.parse((await fetchThrough(port, "app.test", { headers })).body));
    expect(seen).toMatchObject({ "x-kept": "1", te: "trailers", cookie: "kept=1", connection: "keep-alive" });
    for (const name of ["x-secret", "keep-alive", "proxy-connection"]) expect(seen).not.toHaveProperty(name);
  });

  it("has the whole body, of known length or in chunks, for every method", async () => {
    const { port } = await serve((req, res) => {
      res.setHeader("X-Seen", `${req.method} ${req.headers["content-length"]} ${req.headers["transfer-encoding"]}`);
      req.pipe(res);
    });
    const body = Buffer.alloc(700_000, "0123456789");
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "GET"]) {
      const known = await fetchThrough(port, "app.test", { method, body, headers: { "Content-Length": body.length } });
      expect(known.headers["x-seen"]).toBe(`${method} 700000 undefined`);
      expect(known.body.length).toBe(700_000);
      const chunked = await fetchThrough(port, "app.test", {
        method,
        body,
        headers: { "Transfer-Encoding": "chunked" },
      });
      expect(chunked.headers["x-seen"]).toBe(`${method} undefined chunked`);
      expect(chunked.body === body.toString()).toBe(true);
    }
  });

  it("comes only as fast as the release reads it", async () => {
    let held: IncomingMessage | undefined;
    const { port, release } = await serve((req, res) => {
      if (req.url !== "/upload") return void res.end();
      held = req.pause();
      req.once("end", () => res.end("all read"));
    });
    const arrived = release.arrived("/upload");
    using client = openRaw(port);
    const chunk = Buffer.alloc(1024 * 1024);
    client.write(`POST /upload HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${64 * chunk.length}\r\n\r\n`);
    let taken = 0;
    for (let i = 0; i < 64; i++) client.socket.write(chunk, () => taken++);
    await arrived;
    for (let i = 0; i < 50; i++) await fetchThrough(port, "app.test");
    // Every buffer on the way is full by now, and they are small.
    expect(taken).toBeLessThan(32);
    held?.resume();
    expect(await client.until("all read")).toContain("200 OK");
  });

  it("is told to continue only when there is a release to send the body to", async () => {
    const { port } = await serve((req, res) => void req.pipe(res));
    using known = openRaw(port);
    known.write("POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    await known.until("100 Continue\r\n\r\n");
    known.write("hi");
    expect(await known.until("hi")).toContain("200 OK");
    using unknown = openRaw(port);
    unknown.write("POST / HTTP/1.1\r\nHost: other.test\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n");
    const answer = await unknown.closed;
    expect(answer).toContain("404 Not Found");
    expect(answer).not.toContain("100 Continue");
  });
});

describe("what a client gets", () => {
  it("is the status, headers and body as the release sent them, cookies apart", async () => {
    const { port } = await serve((_req, res) => {
      res.writeHead(418, { "Set-Cookie": ["a=1", "b=2"], "X-Latin": "caf\u00e9", Connection: "X-Hop", "X-Hop": "1" });
      res.end(Buffer.from("short"));
    });
    const { status, headers, body } = await fetchThrough(port, "app.test");
    expect(status).toBe(418);
    expect(headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(headers["x-latin"]).toBe("caf\u00e9");
    expect(headers).not.toHaveProperty("x-hop");
    expect(body).toBe("short");
  });

  it("starts before the release has finished: headers first, then each event as it comes", async () => {
    let events: ServerResponse | undefined;
    const { port } = await serve((_req, res) => {
      events = res;
      res.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
    });
    using client = openRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.until("text/event-stream");
    events?.write("data: 1\n\n");
    await client.until("data: 1");
    events?.write("data: 2\n\n");
    await client.until("data: 2");
  });

  it("has the length but no body for HEAD, and neither for 204; 304 keeps its headers", async () => {
    const { port } = await serve((req, res) => {
      if (req.url === "/204") res.writeHead(204).end();
      else if (req.url === "/304") res.writeHead(304, { ETag: '"1"' }).end();
      else res.writeHead(200, { "Content-Length": 5 }).end(req.method === "HEAD" ? undefined : "12345");
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const head = await fetchThrough(port, "app.test", { method: "HEAD", agent });
    expect(head.headers["content-length"]).toBe("5");
    expect(head.body).toBe("");
    const empty = await fetchThrough(port, "app.test", { path: "/204", agent });
    expect(empty.status).toBe(204);
    expect(empty.headers).not.toHaveProperty("transfer-encoding");
    const same = await fetchThrough(port, "app.test", { path: "/304", agent });
    expect(same.headers.etag).toBe('"1"');
    expect((await fetchThrough(port, "app.test", { agent })).body).toBe("12345");
    agent.destroy();
  });

  it("includes trailers", async () => {
    const { port } = await serve((_req, res) => {
      res.writeHead(200, { Trailer: "X-Sum" });
      res.write("body");
      res.addTrailers({ "X-Sum": "42" });
      res.end();
    });
    const { trailers, headers } = await fetchThrough(port, "app.test");
    expect(headers.trailer).toBe("X-Sum");
    expect(trailers["x-sum"]).toBe("42");
  });

  it("is an early answer in full, although the release did not read the body", async () => {
    const { port } = await serve((_req, res) => {
      res.writeHead(413, { Connection: "close" }).end("too much");
    });
    using client = openRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\nonly a part");
    expect(await client.until("too much")).toContain("413");
  });

  it("is cut short when the release's answer is, with a length and in chunks", async () => {
    const { port } = await serve((req, res) => {
      if (req.url === "/length") res.writeHead(200, { "Content-Length": 100 });
      res.write("half", () => res.destroy());
    });
    await expect(fetchThrough(port, "app.test", { path: "/length" })).rejects.toThrow("aborted");
    await expect(fetchThrough(port, "app.test", { path: "/chunked" })).rejects.toThrow("aborted");
  });

  it("is whole for an HTTP/1.0 client, which learns the end from the closed connection", async () => {
    const { port } = await serve((_req, res) => {
      res.write("one ");
      res.end("two");
    });
    using client = openRaw(port);
    client.write("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
    const answer = await client.closed;
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer.endsWith("\r\n\r\none two")).toBe(true);
  });

  it("comes only as fast as the client reads", async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    let taken = 0;
    const { port, release } = await serve((req, res) => {
      if (req.url !== "/download") return void res.end();
      for (let i = 0; i < 64; i++) res.write(chunk, () => taken++);
      res.end("the end");
    });
    const arrived = release.arrived("/download");
    using client = openRaw(port);
    client.socket.pause();
    client.write("GET /download HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
    await arrived;
    for (let i = 0; i < 50; i++) await fetchThrough(port, "app.test");
    expect(taken).toBeLessThan(32);
    client.socket.resume();
    const answer = await client.closed;
    expect(answer.length).toBeGreaterThan(64 * chunk.length);
    expect(answer).toContain("the end");
  });
});

describe("when one side goes away", () => {
  it("ends the request at the release when the client leaves before the answer", async () => {
    const { port, release, control } = await serve(() => {});
    const arrived = release.arrived("/slow");
    const client = openRaw(port);
    client.write("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const req = await arrived;
    client.socket.destroy();
    await once(req.socket, "close");
    const [service] = (await control.table()).services;
    expect(service?.counts[0]).toMatchObject({ requests: 1, unanswered: 0, active: 0 });
  });

  it("ends the request at the release when the client leaves during an upload", async () => {
    const { port, release } = await serve((req) => void req.resume());
    const arrived = release.arrived("/");
    const client = openRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\npart");
    const req = await arrived;
    client.socket.destroy();
    await new Promise((resolve) => req.socket.once("close", resolve));
  });

  it("ends a client that stops sending its body", async () => {
    const { port } = await serve((req) => void req.resume(), { limits: { clientStalledMs: 50 } });
    using client = openRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\npart");
    expect(await client.closed).toBe("");
  });

  it("lets a body take longer than the pause it may make", async () => {
    const { port } = await serve((req, res) => void req.resume().once("end", () => res.end("done")), {
      limits: { clientStalledMs: 200 },
    });
    using client = openRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 12\r\n\r\n");
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      client.write("x");
    }
    expect(await client.until("done")).toContain("200 OK");
  });
});

describe("when a release does not answer", () => {
  it("shows a page with the request's id and without anything about the inside", async () => {
    const { port, release, control } = await serve();
    await release[Symbol.asyncDispose]();
    const { status, headers, body } = await fetchThrough(port, "app.test", { headers: { "X-Request-Id": "id-7" } });
    expect(status).toBe(502);
    expect(body).toContain("id-7");
    expect(headers["x-request-id"]).toBe("id-7");
    expect(body).not.toMatch(/127\.0\.0\.1|ECONN|undici|r1/);
    expect((await control.table()).services[0]?.counts[0]).toMatchObject({ unanswered: 1, serverErrors: 0 });
  });

  it("answers 504 when the first byte takes too long", async () => {
    const { port } = await serve(() => {}, { limits: { firstByteMs: 100 } });
    expect((await fetchThrough(port, "app.test")).status).toBe(504);
  });

  it("answers 502 when what it says is not HTTP", async () => {
    const { port } = await serveRaw((socket) => void socket.end("SSH-2.0-OpenSSH\r\n"));
    expect((await fetchThrough(port, "app.test")).status).toBe(502);
  });

  it("answers 502 to an answer that has both a length and chunks", async () => {
    const { port } = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    });
    expect((await fetchThrough(port, "app.test")).status).toBe(502);
  });

  it("answers 502 when it breaks off right behind its headers, and goes on serving", async () => {
    const { port } = await serveRaw((socket, turn) => {
      socket.on("data", () => {
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${turn < 20 ? "" : "whole"}`);
      });
    });
    for (let i = 0; i < 20; i++) {
      const answer = await fetchThrough(port, "app.test").catch((cause: Error) => cause.message);
      expect(typeof answer === "string" ? answer : answer.status).toBeOneOf([502, "aborted"]);
    }
    expect((await fetchThrough(port, "app.test")).body).toBe("whole");
  });

  it("sends headers on although a small body comes later", async () => {
    let finish: (() => void) | undefined;
    const { port } = await serveRaw((socket) => {
      socket.on("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Early: 1\r\n\r\n");
        finish = () => void socket.write("later");
      });
    });
    using client = openRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    expect(await client.until("x-early: 1\r\n")).not.toContain("later");
    finish?.();
    await client.until("later");
  });

  it("counts the server errors that a release gives itself", async () => {
    const { port, control } = await serve((_req, res) => void res.writeHead(503).end());
    await fetchThrough(port, "app.test");
    expect((await control.table()).services[0]?.counts[0]).toMatchObject({
      requests: 1,
      serverErrors: 1,
      unanswered: 0,
    });
  });
});

describe("keep-alive connections to a release", () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  it("sends a request again on a new connection when the old one was just closed", async () => {
    let seen = 0;
    const { port, control } = await serveRaw((socket, turn) => {
      socket.on("data", () => {
        seen++;
        // The first connection answers once and closes as the second request arrives.
        if (turn === 0 && seen === 2) socket.resetAndDestroy();
        else socket.write(answer);
      });
    });
    expect((await fetchThrough(port, "app.test")).body).toBe("ok");
    expect((await fetchThrough(port, "app.test")).body).toBe("ok");
    expect(seen).toBe(3);
    expect((await control.table()).services[0]?.counts[0]).toMatchObject({ requests: 2, unanswered: 0 });
  });

  it("never sends a POST again that a release may have seen", async () => {
    let posts = 0;
    const { port } = await serveRaw((socket) => {
      socket.on("data", (data) => {
        if (!data.toString().startsWith("POST")) return void socket.write(answer);
        posts++;
        socket.resetAndDestroy();
      });
    });
    expect((await fetchThrough(port, "app.test")).status).toBe(200);
    expect((await fetchThrough(port, "app.test", { method: "POST", body: "x" })).status).toBe(502);
    expect(posts).toBe(1);
  });

  it("sends a GET once when a fresh connection breaks: the release did get it", async () => {
    let seen = 0;
    const { port } = await serveRaw((socket) => {
      socket.on("data", () => {
        seen++;
        socket.end();
      });
    });
    expect((await fetchThrough(port, "app.test")).status).toBe(502);
    expect(seen).toBe(1);
  });

  it("loses no request to a release that closes idle connections all the time", async () => {
    const { port, release } = await serve((_req, res) => void res.end("ok"));
    release.server.keepAliveTimeout = 1;
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const statuses = new Set<number>();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 100; i++) {
          statuses.add((await fetchThrough(port, "app.test", { agent })).status);
          await new Promise((resolve) => setTimeout(resolve, i % 4));
        }
      }),
    );
    expect([...statuses]).toEqual([200]);
    agent.destroy();
  });
});

describe("several addresses", () => {
  it("takes turns, and passes over one that refuses connections, for any method", async () => {
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((id) => startRelease(id)));
    const router = await startTestRouter();
    open.push(router, a as TestRelease, b as TestRelease);
    const addresses = [a, b, c].flatMap((release) => (release as TestRelease).target.addresses);
    await router.control.apply("app", ["app.test"], { id: "r", addresses });
    const first = await Promise.all([1, 2, 3].map(() => fetchThrough(router.port, "app.test")));
    expect(first.map(({ body }) => body).sort()).toEqual(["a", "b", "c"]);
    await c?.[Symbol.asyncDispose]();
    for (let i = 0; i < 12; i++) {
      const { status, body } = await fetchThrough(router.port, "app.test", { method: "POST", body: "payload" });
      expect(status).toBe(200);
      expect(["a", "b"]).toContain(body);
    }
    expect((await router.control.table()).services[0]?.counts[0]).toMatchObject({ requests: 15, unanswered: 0 });
  });
});

describe("pages", () => {
  it("says in words that nothing answers at an unknown host, without letting the host name in as markup", async () => {
    const { port } = await serve();
    const { status, headers, body } = await fetchThrough(port, "other.test");
    expect(status).toBe(404);
    expect(body).toContain("No app answers at other.test");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    const odd = await fetchThrough(port, "<script>.test");
    expect(odd.status).toBe(400);
    expect(odd.body).not.toContain("<script>");
  });

  it("says that a known host is not deployed yet, and when to come back", async () => {
    const { port, control } = await serve();
    await control.apply("new", ["new.test"], null);
    const page = await fetchThrough(port, "new.test");
    expect(page.status).toBe(503);
    expect(page.headers["retry-after"]).toBe("10");
    const json = await fetchThrough(port, "new.test", { headers: { Accept: "application/json" } });
    expect(JSON.parse(json.body)).toMatchObject({ error: "not_deployed" });
  });

  it("finds a host whatever its case, port and trailing dot", async () => {
    const { port } = await serve();
    for (const host of ["APP.test", `app.test:${port}`, "app.test."])
      expect((await fetchThrough(port, host)).status, host).toBe(200);
  });
});
