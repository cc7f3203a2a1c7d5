import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { requestDeployment } from "@windlass/api/operations";
import { DeploymentEnd, EnvironmentConfig, type RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LAYER_LABEL, SAMPLE_APPS, TAKEN_PORT } from "../stack/broken-apps.ts";
import { readHeld } from "../stack/holdings.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";

// Every way in which an app is known to be broken, really deployed: none is ever reported as succeeded, each is told its
// own cause with the evidence and the one thing to change, and nothing of it stays behind. And apps that only look broken.

const END_LIMIT_MS = 150_000;
/** Most of them wait, for a start period to end. */
const AT_ONCE = 10;
const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

for (const runtime of ["docker", "process"] as const) {
  const isMissing = runtime === "docker" && "problem" in found;
  const title = runtime === "docker" ? "on docker [needs docker]" : "as processes";
  describe.skipIf(isMissing)(`apps ${title}`, { timeout: END_LIMIT_MS + 30_000 }, () => deployAll(runtime));
}

function deployAll(runtime: RuntimeKind): void {
  const samples = SAMPLE_APPS.filter((sample) => sample.runtime === runtime);
  const deployed = new Map<string, { environmentId: string; deploymentId: string }>();
  const tally = { broken: 0, succeeded: 0, told: 0 };
  let repository: TestRepository;
  let stack: Stack;
  let taken: Server;

  beforeAll(async () => {
    taken = createServer().listen(TAKEN_PORT, "127.0.0.1");
    await once(taken, "listening");
    repository = createTestRepository();
    repository.push(
      Object.fromEntries(
        samples.flatMap(({ name, files }) => Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])),
      ),
    );
    stack = await startStack({ runtime, leaseMs: 10_000, concurrency: AT_ONCE, repositories: [repository.folder] });
    for (const sample of samples) {
      const config = EnvironmentConfig.parse(sample.config);
      const app = await stack.createApp({ ...sample, url: repository.url, config });
      const request = { environment: app.environment, kind: "deploy", ref: "main", trigger: "test" } as const;
      const deploymentId = await requestDeployment(stack.ctx, request);
      deployed.set(sample.name, { environmentId: app.environment.id, deploymentId });
    }
  });

  afterAll(async () => {
    process.stdout.write(
      `${runtime}: ${tally.broken} broken apps, ${tally.succeeded} reported as succeeded, ${tally.told} told the right cause\n`,
    );
    await stack?.stop();
    if (runtime === "docker" && "engine" in found) {
      await found.engine.pruneImages({ filters: { dangling: ["true"], label: [LAYER_LABEL] } });
    }
    repository?.remove();
    taken?.close();
  });

  for (const { name, broken } of samples) {
    const outcome = broken ? `says ${broken.cause} of` : "deploys";
    it(`${outcome} an app that is called ${name}`, async () => {
      const made = deployed.get(name);
      if (!made) throw new Error("It was not deployed.");
      const row = await stack.awaitEnd(made.deploymentId, END_LIMIT_MS);
      const end = DeploymentEnd.parse(row.endDetail);
      if (!broken) return expect({ status: row.status, end }).toMatchObject({ status: "succeeded" });
      tally.broken++;
      if (row.status === "succeeded") tally.succeeded++;
      const { cause, place, field, says } = broken;
      const said = [end.message, ...end.evidence].join("\n");
      expect({ status: row.status, end }, said).toMatchObject({
        status: "failed",
        end: { cause: { code: cause, place, field } },
      });
      for (const words of says) expect(said).toMatch(words);
      tally.told++;
    });
  }

  // Once all have ended: one that is being started looks like something left behind.
  it("leaves nothing of the broken ones behind", async () => {
    for (const { deploymentId } of deployed.values()) await stack.awaitEnd(deploymentId, END_LIMIT_MS);
    for (const { name, broken } of samples) {
      const held = await readHeld(stack.holdings, deployed.get(name)?.environmentId ?? "");
      if (broken) expect(held, name).toEqual({ instances: [], releases: [], networks: [], strays: [] });
    }
  });
}
