import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { fetchThrough } from "./testing/fetch-through.ts";
import { freePort } from "./testing/free-port.ts";
import { hasCaddy, startCaddy, type TestCaddy } from "./testing/start-caddy.ts";
import { startRelease, type TestRelease } from "./testing/start-release.ts";
import { startTestRouter, type TestRouter } from "./testing/start-test-router.ts";

describe.skipIf(!hasCaddy)("behind Caddy [needs caddy]", () => {
  let release: TestRelease;
  let router: TestRouter;
  let caddy: TestCaddy;

  beforeAll(async () => {
    release = await startRelease("r1", (req, res) => res.end(JSON.stringify(req.headers)));
    const sockets = new WebSocketServer({ server: release.server });
    sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo ${data}`)));
    const proxiedSocket = join("/tmp", `windlass-proxied-${process.pid}.sock`);
    const askPort = await freePort();
    router = await startTestRouter({ proxiedSocket, askListen: { host: "127.0.0.1", port: askPort } });
    await router.control.apply("app", ["app.test"], release.target);
    caddy = await startCaddy({ proxiedSocket, askPort });
  }, 30_000);
  afterAll(async () => {
    await caddy?.[Symbol.asyncDispose]();
    await router?.[Symbol.asyncDispose]();
    await release?.[Symbol.asyncDispose]();
  });

  const shake = async (servername: string): Promise<string> => {
    const socket = tlsConnect({ port: caddy.httpsPort, host: "127.0.0.1", servername, rejectUnauthorized: false });
    try {
      await once(socket, "secureConnect");
      return "certificate";
    } catch {
      return "refused";
    } finally {
      socket.destroy();
    }
  };

  const fetchTls = async (headers: Record<string, string> = {}): Promise<Record<string, string>> => {
    await shake("app.test");
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, string>>();
    httpsRequest(
      {
        port: caddy.httpsPort,
        host: "127.0.0.1",
        servername: "app.test",
        headers: { Host: "app.test", ...headers },
        // Verified: a certificate that Caddy's authority did not sign for this name is an error.
        ca: await caddy.authority(),
        agent: false,
      },
      async (res) => {
        let text = "";
        for await (const chunk of res.setEncoding("utf8")) text += chunk;
        resolve(JSON.parse(text));
      },
    )
      .on("error", reject)
      .end();
    return promise;
  };

  it("serves a known host over TLS, and the release learns who asked and how", async () => {
    expect(await fetchTls({ "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http" })).toMatchObject({
      host: "app.test",
      "x-forwarded-for": "127.0.0.1",
      "x-real-ip": "127.0.0.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "app.test",
      "x-forwarded-port": "443",
    });
  });

  it("obtains no certificate for a host that the router does not know, until it does", async () => {
    expect(await shake("new.test")).toBe("refused");
    await router.control.apply("new", ["new.test"], null);
    expect(await shake("new.test")).toBe("certificate");
  });

  it("carries a WebSocket through both", async () => {
    await shake("app.test");
    // ws passes servername on to tls.connect; its types do not know.
    const options = { servername: "app.test", ca: await caddy.authority(), headers: { Host: "app.test" } };
    const socket = new WebSocket(`wss://127.0.0.1:${caddy.httpsPort}/`, options);
    await once(socket, "open");
    socket.send("hello");
    expect(`${(await once(socket, "message"))[0]}`).toBe("echo hello");
    socket.close();
    await once(socket, "close");
  });

  it("redirects plain HTTP to HTTPS", async () => {
    const { status, headers } = await fetchThrough(caddy.httpPort, "app.test", { path: "/a?b=1" });
    expect(status).toBe(308);
    expect(headers.location).toBe("https://app.test/a?b=1");
  });
});
