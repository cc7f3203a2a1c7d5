import { afterEach, describe, expect, it } from "vitest";
import { fetchThrough } from "../testing/fetch-through.ts";
import { freePort } from "../testing/free-port.ts";
import { openRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter } from "../testing/start-test-router.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function release(...args: Parameters<typeof startRelease>): Promise<TestRelease> {
  const one = await startRelease(...args);
  open.push(one);
  return one;
}

async function route(...addresses: TestRelease["target"]["addresses"]) {
  const router = await startTestRouter();
  open.push(router);
  await router.control.apply("app", ["app.test"], { id: "r", addresses });
  return router;
}

describe("a release with several addresses", () => {
  it("has its requests spread in turn, and spared where one has something under way", async () => {
    const [a, b] = [await release("a", (req, res) => void (req.url === "/" && res.end("a"))), await release("b")];
    const { port } = await route(...a.target.addresses, ...b.target.addresses);
    const turns = [];
    for (let i = 0; i < 4; i++) turns.push((await fetchThrough(port, "app.test")).body);
    expect(turns.sort()).toEqual(["a", "a", "b", "b"]);
    const arrived = a.arrived("/stuck");
    using stuck = openRaw(port);
    // Two at once: one of them goes to a and stays there.
    using other = openRaw(port);
    for (const one of [stuck, other]) one.write("GET /stuck HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await arrived;
    for (let i = 0; i < 4; i++) expect((await fetchThrough(port, "app.test")).body).toBe("b");
  });

  it("answers from another one when one accepts no connection, whatever the method", async () => {
    const alive = await release("alive", (req, res) => void req.pipe(res));
    const { port } = await route({ host: "127.0.0.1", port: await freePort() }, ...alive.target.addresses);
    for (let i = 0; i < 4; i++) {
      const { status, body } = await fetchThrough(port, "app.test", { method: "POST", body: `order ${i}` });
      expect([status, body]).toEqual([200, `order ${i}`]);
    }
  });
});

describe("hints of a release", () => {
  it("pass before the answer when they are links", async () => {
    const hinting = await release("h", (_req, res) => {
      res.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" }, () => res.end("answer"));
    });
    const { port } = await route(...hinting.target.addresses);
    using client = openRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const answer = await client.until("answer");
    expect(answer).toMatch(
      /^HTTP\/1.1 103 Early Hints\r\nLink: <\/style.css>; rel=preload; as=style\r\n\r\nHTTP\/1.1 200 OK/,
    );
  });
});
