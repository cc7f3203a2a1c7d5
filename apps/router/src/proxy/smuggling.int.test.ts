import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRaw, sendRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter, type TestRouter } from "../testing/start-test-router.ts";

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";

describe("an ambiguous request", () => {
  let release: TestRelease;
  let router: TestRouter;

  beforeAll(async () => {
    release = await startRelease("r1", (req, res) => {
      req.resume().once("end", () => res.end(req.url));
    });
    router = await startTestRouter({
      limits: { requestHeadersMs: 150, requestHeadersCheckMs: 20, requestHeaderBytes: 8 * 1024 },
    });
    await router.control.apply("app", ["app.test"], release.target);
  });
  afterAll(async () => {
    await router[Symbol.asyncDispose]();
    await release[Symbol.asyncDispose]();
  });

  const post = (...headers: string[]): string =>
    `POST /first HTTP/1.1\r\nHost: app.test\r\n${headers.join("\r\n")}\r\n\r\n`;

  it.each([
    [
      "both Content-Length and Transfer-Encoding",
      post("Content-Length: 4", "Transfer-Encoding: chunked"),
      `0\r\n\r\n${SMUGGLED}`,
    ],
    [
      "Transfer-Encoding before Content-Length",
      post("Transfer-Encoding: chunked", "Content-Length: 4"),
      `0\r\n\r\n${SMUGGLED}`,
    ],
    ["two different lengths", post("Content-Length: 5", "Content-Length: 50"), SMUGGLED],
    ["two equal lengths", post("Content-Length: 0", "Content-Length: 0"), SMUGGLED],
    ["a list of lengths", post("Content-Length: 0, 50"), SMUGGLED],
    ["a signed length", post("Content-Length: +5"), SMUGGLED],
    ["a negative length", post("Content-Length: -5"), SMUGGLED],
    ["a hexadecimal length", post("Content-Length: 0x10"), SMUGGLED],
    ["an unknown transfer coding", post("Transfer-Encoding: xchunked"), `0\r\n\r\n${SMUGGLED}`],
    ["chunked that is not last", post("Transfer-Encoding: chunked, identity"), `0\r\n\r\n${SMUGGLED}`],
    ["a space before the colon", post("Transfer-Encoding : chunked"), `0\r\n\r\n${SMUGGLED}`],
    ["a folded header", post("X-A: 1\r\n Transfer-Encoding: chunked"), SMUGGLED],
    ["a tab-folded header", post("X-A: 1\r\n\tcontinued"), SMUGGLED],
    ["a header without a name", post(": 1"), SMUGGLED],
    ["a NUL in a header", post("X-A: a\0b"), SMUGGLED],
    ["a bare CR in a header", post("X-A: a\rTransfer-Encoding: chunked"), SMUGGLED],
    ["a chunk size with a sign", post("Transfer-Encoding: chunked"), `+2\r\nab\r\n0\r\n\r\n${SMUGGLED}`],
    ["a chunk size with 0x", post("Transfer-Encoding: chunked"), `0x2\r\nab\r\n0\r\n\r\n${SMUGGLED}`],
    ["a chunk longer than its size", post("Transfer-Encoding: chunked"), `2\r\nabcd\r\n0\r\n\r\n${SMUGGLED}`],
    ["a vertical tab around chunked", post("Transfer-Encoding: \x0bchunked"), `0\r\n\r\n${SMUGGLED}`],
    ["two Host headers", "GET /first HTTP/1.1\r\nHost: app.test\r\nHost: other.test\r\n\r\n", ""],
    ["no Host header", "GET /first HTTP/1.1\r\n\r\n", ""],
    ["no Host header in HTTP/1.0", "GET /first HTTP/1.0\r\n\r\n", ""],
    ["a target on another host", "GET http://other.test/first HTTP/1.1\r\nHost: app.test\r\n\r\n", ""],
    ["a target with a user", "GET http://x@app.test/first HTTP/1.1\r\nHost: app.test\r\n\r\n", ""],
    ["a target that is no path", "GET first HTTP/1.1\r\nHost: app.test\r\n\r\n", ""],
    ["a space in the target", "GET /first HTTP/9.9\r\nX: /x HTTP/1.1\r\nHost: app.test\r\n\r\n", ""],
    ["an unknown HTTP version", "GET /first HTTP/3.7\r\nHost: app.test\r\n\r\n", ""],
  ])("with %s is refused and nothing behind it is served", async (_what, head, rest) => {
    release.requests.length = 0;
    using client = openRaw(router.port);
    client.write(head + rest);
    client.socket.end();
    const answer = await client.closed;
    expect(answer).not.toContain("/smuggled");
    expect(answer).not.toContain("200 OK");
    expect(answer).toMatch(/^(HTTP\/1\.1 (400|502|505) |$)/);
    expect(release.requests.filter((request) => request.includes("smuggled"))).toEqual([]);
  });

  it("with bare line feeds is not read differently by router and release", async () => {
    release.requests.length = 0;
    const answer = await sendRaw(
      router.port,
      "GET /first HTTP/1.1\nHost: app.test\nContent-Length: 0\nConnection: close\n\n",
    );
    expect(answer).not.toContain("200 OK");
    expect(release.requests).toEqual([]);
  });

  it("that offers an upgrade puts no line of its own into what the release reads", async () => {
    const seen: string[] = [];
    release.server.on("upgrade", (req, socket) => {
      seen.push(req.rawHeaders.join("|"));
      socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    release.requests.length = 0;
    const answer = await sendRaw(
      router.port,
      `GET /up HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\n\r\n${SMUGGLED}`,
    );
    expect(answer).toContain("400 Bad Request");
    expect(seen).toHaveLength(1);
    expect(release.requests).toEqual([]);
  });

  it("that offers an upgrade and has a body is served as an ordinary request", async () => {
    using client = openRaw(router.port);
    client.write(
      "POST /first HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
    );
    expect(await client.until("/first")).toContain("200 OK");
  });

  it("whose target names the same host as its Host header is served", async () => {
    using client = openRaw(router.port);
    client.write("GET http://app.test/absolute?x=1 HTTP/1.1\r\nHost: app.test\r\n\r\n");
    expect(await client.until("/absolute?x=1")).toContain("200 OK");
  });

  it("that is CONNECT or TRACE is answered 405", async () => {
    expect(await sendRaw(router.port, "CONNECT app.test:443 HTTP/1.1\r\nHost: app.test:443\r\n\r\n")).toContain(
      "405 Method Not Allowed",
    );
    using trace = openRaw(router.port);
    trace.write("TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    expect(await trace.until("405 Method Not Allowed")).toContain("Allow: GET");
  });

  it("with headers that are too large is answered 431", async () => {
    expect(
      await sendRaw(router.port, `GET / HTTP/1.1\r\nHost: app.test\r\nX-A: ${"a".repeat(9000)}\r\n\r\n`),
    ).toContain("431 Request Header Fields Too Large");
  });

  it("that never completes its headers is ended, and so is a connection that says nothing", async () => {
    using slow = openRaw(router.port);
    slow.write("GET / HTTP/1.1\r\nHost: app.test\r\nX-");
    const drip = setInterval(() => slow.write("a"), 20);
    using silent = openRaw(router.port);
    expect(await slow.closed).toContain("408 Request Timeout");
    clearInterval(drip);
    await silent.closed;
  });

  it("in a pipeline behind a good one is answered in order", async () => {
    using client = openRaw(router.port);
    client.write("GET /1 HTTP/1.1\r\nHost: app.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const answer = await client.until("/2");
    expect(answer.indexOf("/1")).toBeLessThan(answer.indexOf("/2"));
  });
});
