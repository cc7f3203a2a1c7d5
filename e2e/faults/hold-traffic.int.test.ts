import { holdTraffic, requestDeployment, requestRollback } from "@windlass/api/operations";
import { SwitchProof, type TrafficHold } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { createFaultGate, type FaultGate } from "../stack/fault-gate.ts";
import { ask } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// Maintenance and pause from a person's wish to the router, and the proof that each switch leaves behind.

const MAINTENANCE: TrafficHold = {
  kind: "maintenance",
  notice: { title: "Back at noon", text: "We move the database." },
  retryAfterSeconds: 60,
  allow: [],
};
const PAUSE: TrafficHold = { kind: "paused", maxRequests: 100, maxSeconds: 60 };

describe("traffic that is held", () => {
  let stack: Stack;
  let gate: FaultGate;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let version = 0;

  beforeAll(async () => {
    repository = createTestRepository();
    stack = await startStack({ runtime: "process", leaseMs: 3000, repositories: [repository.folder] });
    gate = await createFaultGate(stack.databaseUrl);
    app = await stack.createApp({ name: "fault", url: repository.url, config: faultConfig("process") });
  });
  afterAll(async () => {
    await gate?.end();
    await stack?.stop();
    repository?.remove();
  });

  const deploy = (): Promise<string> => {
    repository.push(faultApp(`version ${++version}`));
    return requestDeployment(stack.ctx, { environment: app.environment, kind: "deploy", ref: "main", trigger: "test" });
  };
  const visit = (path = "/") => ask(stack.routerPort, app.host, path);
  const hold = (wanted: TrafficHold | null) => holdTraffic(stack.ctx, app.environment, wanted);
  const untilVisit = (status: number) =>
    waitFor(`an answer ${status}`, async () => (await visit()).status === status, { everyMs: 20 });

  it("shows the page from before the first release on, while it deploys, and over a restart of the router", async () => {
    await hold(MAINTENANCE);
    await untilVisit(503);
    expect(await stack.awaitEnd(await deploy())).toMatchObject({ status: "succeeded" });
    expect((await visit()).status).toBe(503);
    await stack.router.kill("SIGKILL");
    await stack.restartRouter();
    expect((await visit()).status).toBe(503);
    await hold(null);
    await untilVisit(200);
    const actions = await stack.ctx.db.auditEntry.findMany({ where: { action: { startsWith: "environment." } } });
    expect(actions.map(({ action }) => action)).toEqual(["environment.maintenance", "environment.resume"]);
  });

  it("is held and let through at once beside a deployment that is being worked on", async () => {
    await gate.close({ step: "build", status: "succeeded" });
    const id = await deploy();
    await gate.reached();
    await hold(MAINTENANCE);
    await untilVisit(503);
    await hold(null);
    await untilVisit(200);
    await gate.open();
    expect(await stack.awaitEnd(id)).toMatchObject({ status: "succeeded" });
  });

  it("waits while it is paused, and goes to the release that is live by then", async () => {
    const { db } = stack.ctx;
    await hold(PAUSE);
    await waitFor("the pause", async () => {
      const row = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
      return row.holdApplied === row.holdVersion;
    });
    const waiting = visit();
    expect(await stack.awaitEnd(await deploy())).toMatchObject({ status: "succeeded" });
    await hold(null);
    expect(await waiting).toMatchObject({ status: 200, body: expect.stringContaining(`version ${version}`) });
  });

  it("leaves a proof of each switch, of a rollback too, in which nothing was lost", async () => {
    const { db } = stack.ctx;
    const deployed = await stack.awaitEnd(await deploy());
    const before = await db.release.findFirstOrThrow({ orderBy: { number: "desc" }, skip: 1 });
    const environment = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
    const back = await stack.awaitEnd(await requestRollback(stack.ctx, environment, before.id, "test"));
    for (const row of [deployed, back]) {
      expect(row).toMatchObject({ status: "succeeded", lostRequests: 0, warnings: [] });
      const proof = SwitchProof.parse(row.proof);
      expect(proof).toMatchObject({ failures: 0, cutOff: 0, probe: { failures: 0, firstFailure: null } });
      expect(proof.probe?.requests).toBeGreaterThan(2);
      expect(proof.probe?.points.some(({ atMs }) => atMs < 0)).toBe(true);
    }
  });
});
