import { PROBE_HEADER, RouterTable } from "@windlass/domain";
import { afterEach, describe, expect, it } from "vitest";
import { sendCommand } from "../testing/command-router.ts";
import { fetchThrough } from "../testing/fetch-through.ts";
import { openRaw } from "../testing/send-raw.ts";
import { startRelease, type TestRelease } from "../testing/start-release.ts";
import { startTestRouter, type TestRouter } from "../testing/start-test-router.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function serve(): Promise<TestRouter & { release: TestRelease }> {
  const release = await startRelease("r1");
  const router = await startTestRouter();
  open.push(release, router);
  await router.control.apply("app", ["app.test"], release.target);
  return { ...router, release };
}

const MAINTENANCE = {
  kind: "maintenance" as const,
  notice: { title: "Back at <noon>", text: "We move the database.\nOrders are safe." },
  retryAfterSeconds: 120,
  allow: [] as string[],
};
const PAUSE = { kind: "paused" as const, maxRequests: 2, maxSeconds: 60 };

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("maintenance", () => {
  it("shows its own words to people and to programs, and ends when it is opened", async () => {
    const { port, control, release } = await serve();
    await control.hold("app", MAINTENANCE);
    const page = await fetchThrough(port, "app.test");
    expect(page.status).toBe(503);
    expect(page.headers["retry-after"]).toBe("120");
    expect(page.headers["x-windlass-router"]).toBe("maintenance");
    expect(page.body).toContain("Back at &lt;noon&gt;");
    expect(page.body).toContain("<p>Orders are safe.</p>");
    const program = await fetchThrough(port, "app.test", { headers: { accept: "application/json" } });
    expect(JSON.parse(program.body)).toMatchObject({ error: "maintenance" });
    expect(release.requests).toEqual([]);
    await control.hold("app", null);
    expect((await fetchThrough(port, "app.test")).body).toBe("r1");
  });

  it("lets the addresses pass that it names", async () => {
    const { port, control } = await serve();
    await control.hold("app", { ...MAINTENANCE, allow: ["192.0.2.1", "127.0.0.0/8", "2001:db8::/32"] });
    expect((await fetchThrough(port, "app.test")).body).toBe("r1");
    await control.hold("app", { ...MAINTENANCE, allow: ["192.0.2.1", "2001:db8::/32"] });
    const forged = await fetchThrough(port, "app.test", { headers: { "x-forwarded-for": "192.0.2.1" } });
    expect(forged.status).toBe(503);
  });

  it("lets Windlass's own probes pass, which are not counted and carry nothing on", async () => {
    const { port, control, release } = await serve();
    await control.hold("app", MAINTENANCE);
    const { probeKey } = await control.table();
    const arrived = release.arrived("/probe");
    const probe = await fetchThrough(port, "app.test", { path: "/probe", headers: { [PROBE_HEADER]: probeKey } });
    expect(probe.body).toBe("r1");
    expect((await arrived).headers[PROBE_HEADER]).toBeUndefined();
    const stranger = await fetchThrough(port, "app.test", { headers: { [PROBE_HEADER]: "guess" } });
    expect(stranger.status).toBe(503);
    expect((await control.table()).services[0]?.counts[0]).toMatchObject({ requests: 0 });
  });

  it("stays over switches and restarts, and a table without it is read as before", async () => {
    const { control, tableFile, port } = await serve();
    await control.hold("app", MAINTENANCE);
    const next = await startRelease("r2");
    open.push(next);
    await control.switch("app", next.target);
    await control.apply("app", ["app.test", "www.test"], next.target);
    const restarted = await startTestRouter({ tableFile });
    open.push(restarted);
    for (const one of [port, restarted.port]) expect((await fetchThrough(one, "www.test")).status).toBe(503);
    const { probeKey } = await restarted.control.table();
    expect(probeKey).toBe((await control.table()).probeKey);
    await restarted.control.hold("app", null);
    expect((await fetchThrough(restarted.port, "app.test")).body).toBe("r2");
  });
});

describe("a pause", () => {
  it("holds requests with their bodies and lets them through at its end, to what is live by then", async () => {
    const { port, control, release } = await serve();
    const next = await startRelease(
      "r2",
      (req, res) => void req.on("data", (data) => res.write(data)).on("end", () => res.end()),
    );
    open.push(next);
    await control.hold("app", PAUSE);
    const held = fetchThrough(port, "app.test", { method: "POST", body: "hello" });
    await until(async () => (await control.table()).services[0]?.waiting === 1);
    await control.switch("app", next.target);
    expect(release.requests).toEqual([]);
    expect(next.requests).toEqual([]);
    await control.hold("app", null);
    expect((await held).body).toBe("hello");
  });

  it("refuses what is too much or takes too long, and forgets whoever went away", async () => {
    const { port, control } = await serve();
    await control.hold("app", { ...PAUSE, maxSeconds: 1 });
    const first = fetchThrough(port, "app.test");
    using second = openRaw(port);
    second.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await until(async () => (await control.table()).services[0]?.waiting === 2);
    const third = await fetchThrough(port, "app.test");
    expect(third.status).toBe(503);
    expect(third.headers["x-windlass-router"]).toBe("paused");
    second.socket.destroy();
    await until(async () => ((await control.table()).services[0]?.waiting ?? 2) < 2);
    expect((await first).status).toBe(503);
    expect((await control.table()).services[0]?.waiting).toBe(0);
  });
});

describe("a stopped app", () => {
  it("shows its notice until something is live, and says that it is not deployed without one", async () => {
    const { port, control, controlSocket, release } = await serve();
    const notice = { title: "Shop is stopped", text: "Its team stopped it." };
    const body = { service: "app", token: 1, hosts: ["app.test"], target: null };
    await sendCommand(controlSocket, "/apply", { ...body, notice });
    expect((await fetchThrough(port, "app.test")).body).toContain("Shop is stopped");
    // Left out, it stays.
    await sendCommand(controlSocket, "/apply", body);
    expect(RouterTable.parse(await control.table()).services[0]?.notice).toEqual(notice);
    await control.switch("app", release.target);
    expect((await fetchThrough(port, "app.test")).body).toBe("r1");
    await control.apply("app", ["app.test"], null);
    expect((await fetchThrough(port, "app.test")).body).toContain("is not deployed yet");
  });
});

describe("a window of the table", () => {
  it("tells what each target did in the last seconds", async () => {
    const { port, control } = await serve();
    for (let i = 0; i < 3; i++) await fetchThrough(port, "app.test");
    await until(
      async () => (await control.table("?service=app&windowSeconds=60")).services[0]?.counts[0]?.window?.requests === 3,
    );
    const table = RouterTable.parse(await control.table("?service=app&windowSeconds=60"));
    expect(table.services[0]?.counts[0]?.window).toMatchObject({ seconds: 60, unanswered: 0, serverErrors: 0 });
    expect((await control.table("?service=other")).services).toEqual([]);
    await expect(control.table("?windowSeconds=121")).rejects.toThrow("windowSeconds");
  });
});
