import http from "node:http";
import { operateEnvironment, requestDeployment, requestRollback } from "@windlass/api/operations";
import type { GitRef, RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultConfig } from "../stack/fault-app.ts";
import { ask } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// Releases that go wrong only once they have the traffic: the watch after the switch turns them back, and leaves others alone.

const STEADY_SECONDS = 1;
const CASE = { timeout: 120_000, concurrent: false };
const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

type Behaviour = "well" | "errors" | "rare errors" | "crashes" | "fails its check";

/** Behaves well at first; then, when asked for /trip, as it shall. */
const server = (version: string, behaviour: Behaviour) => `
const http = require("node:http");
const behaviour = ${JSON.stringify(behaviour)};
const fs = require("node:fs");
let isBad = false;
let count = 0;
http.createServer((request, response) => {
  count++;
  if (request.url === "/trip") {
    isBad = true;
    response.end("tripped");
    if (behaviour === "crashes") setTimeout(() => process.exit(7), 50);
    return;
  }
  if (request.url === "/health") {
    response.statusCode = isBad && behaviour === "fails its check" ? 500 : 200;
    return response.end("health");
  }
  if (isBad && behaviour === "errors") response.statusCode = 500;
  if (isBad && behaviour === "rare errors" && count % 40 === 0) response.statusCode = 500;
  response.end("${version}");
}).listen(Number(process.env.PORT), "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
`;

describe.concurrent.each<{ runtime: RuntimeKind; tag: string; behaviours: Behaviour[] }>([
  { runtime: "docker", tag: " [needs docker]", behaviours: ["errors", "crashes", "rare errors"] },
  { runtime: "process", tag: "", behaviours: ["crashes", "fails its check"] },
])("a release after its switch, on the $runtime runtime$tag", ({ runtime, behaviours }) => {
  const isMissing = runtime === "docker" && "problem" in found;
  const test = isMissing ? it.skip : it;
  const agent = new http.Agent({ keepAlive: true });
  let stack: Stack;
  const repositories: TestRepository[] = [];

  beforeAll(async () => {
    if (isMissing) return;
    for (const _ of behaviours) repositories.push(createTestRepository());
    stack = await startStack({ runtime, leaseMs: 3000, repositories: repositories.map(({ folder }) => folder) });
  });

  afterAll(async () => {
    agent.destroy();
    await stack?.stop();
    for (const repository of repositories) repository.remove();
  });

  const files = (version: string, behaviour: Behaviour) => ({
    "server.js": server(version, behaviour),
    "package.json": JSON.stringify({
      name: "bake",
      version: "1.0.0",
      private: true,
      scripts: { start: "node server.js" },
    }),
    Dockerfile:
      'FROM node:22-slim\nLABEL io.windlass.test=tiny-app\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n',
  });

  /** Two releases, the second of which will misbehave, with some traffic over both. */
  async function deployBoth(behaviour: Behaviour, index: number) {
    const repository = repositories[index] as TestRepository;
    const health = {
      path: "/health",
      intervalSeconds: 0.1,
      startPeriodSeconds: 30,
      timeoutSeconds: 10,
      steadySeconds: STEADY_SECONDS,
    };
    const config = faultConfig(runtime, { bakeMinutes: 10, health });
    const app = await stack.createApp({ name: `bake ${index}`, url: repository.url, config });
    const deploy = async () => {
      const request = { environment: app.environment, kind: "deploy", ref: "main", trigger: "test" } as const;
      const end = await stack.awaitEnd(await requestDeployment(stack.ctx, request), 90_000);
      expect(end).toMatchObject({ status: "succeeded" });
      return end;
    };
    repository.push(files("good", "well"));
    await deploy();
    for (let n = 0; n < 60; n++) await ask(stack.routerPort, app.host, "/", agent);
    repository.push(files("bad", behaviour));
    const second = await deploy();
    return { app, second };
  }

  /** One that fails and a restart leave the release live, and so watched. */
  async function disturb({ environment }: App): Promise<void> {
    const failing = { environment, kind: "deploy", ref: "nowhere" as GitRef, trigger: "test" } as const;
    expect(await stack.awaitEnd(await requestDeployment(stack.ctx, failing))).toMatchObject({ status: "failed" });
    const row = await stack.ctx.db.environment.findUniqueOrThrow({ where: { id: environment.id } });
    const restart = await operateEnvironment(stack.ctx, row, { kind: "restart" }, "test");
    expect(await stack.awaitEnd(restart)).toMatchObject({ status: "succeeded" });
  }

  const bakeOf = (deploymentId: string) => stack.ctx.db.bake.findUniqueOrThrow({ where: { deploymentId } });
  type App = Awaited<ReturnType<Stack["createApp"]>>;

  /** People use the app until something is true. */
  async function useUntil(app: App, what: string, look: () => Promise<boolean>, trip = false): Promise<void> {
    await waitFor(
      what,
      async () => {
        if (trip) await ask(stack.routerPort, app.host, "/trip", agent).catch(() => {});
        for (let n = 0; n < 10; n++) await ask(stack.routerPort, app.host, "/", agent).catch(() => {});
        return look();
      },
      { withinMs: 100_000, everyMs: 250 },
    );
  }

  for (const [index, behaviour] of behaviours.entries()) {
    if (behaviour === "rare errors") {
      test("that is well, but for what noise there is, stays", CASE, async () => {
        const { app, second } = await deployBoth(behaviour, index);
        await ask(stack.routerPort, app.host, "/trip");
        const begun = await bakeOf(second.id);
        // Ten looks at it, with some errors now and then.
        const until = Date.now() + 20_000;
        await useUntil(
          app,
          "ten looks",
          async () => Date.now() > until && (await bakeOf(second.id)).lookedAt !== begun.lookedAt,
        );
        expect(await bakeOf(second.id)).toMatchObject({ state: "watching", revertId: null });
        expect((await ask(stack.routerPort, app.host)).body).toBe("bad");
      });
      continue;
    }
    test(
      `that ${behaviour === "errors" ? "answers with errors" : behaviour} is turned back once, with the reason`,
      CASE,
      async () => {
        const { db } = stack.ctx;
        const { app, second } = await deployBoth(behaviour, index);
        await waitFor("the first look", async () => (await bakeOf(second.id)).lookedAt !== null);
        if (behaviour === "fails its check") await disturb(app);
        await useUntil(
          app,
          "the first release to be back",
          async () => (await bakeOf(second.id)).state === "reverted",
          true,
        );
        const bake = await bakeOf(second.id);
        const end = await stack.awaitEnd(bake.revertId ?? "");
        expect(end).toMatchObject({ status: "succeeded", kind: "rollback", trigger: "bake", actorKind: "system" });
        expect(bake.reason).toMatch(
          {
            errors: /\d+ % of \d+ requests failed/,
            crashes: /started again|did not come back/,
            "fails its check": /\/health answered 500/,
          }[behaviour as "errors"],
        );
        expect((await ask(stack.routerPort, app.host)).body).toBe("good");
        // What came back is not watched: nothing goes to and fro.
        expect(await db.bake.count({ where: { environmentId: app.environment.id, endedAt: null } })).toBe(0);
        expect(await db.deployment.count({ where: { environmentId: app.environment.id, trigger: "bake" } })).toBe(1);
        // Who brings the other back by hand gets it, but it has to show anew that it stays well.
        const environment = await db.environment.findUniqueOrThrow({ where: { id: app.environment.id } });
        const { id } = await stack.awaitEnd(
          await requestRollback(stack.ctx, environment, second.releaseId ?? "", "test"),
        );
        const gate = await db.step.findFirstOrThrow({ where: { deploymentId: id, name: "await healthy" } });
        expect(gate).toMatchObject({ status: "succeeded" });
        expect(Number(gate.endedAt) - Number(gate.startedAt)).toBeGreaterThanOrEqual(1000 * STEADY_SECONDS);
      },
    );
  }
});
