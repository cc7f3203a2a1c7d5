import { requestDeployment } from "@windlass/api/operations";
import { DeploymentEnd } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";

// Deployments and the space that is left on the disk.

const LEASE_MS = 2000;
/** More than any disk has */
const MORE_THAN_THERE_IS = String(1e12);

describe("a disk that is too full", () => {
  const versions = new Map<string, string>();
  let stack: Stack;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;

  beforeAll(async () => {
    repository = createTestRepository();
    stack = await startStack({ runtime: "process", leaseMs: LEASE_MS, repositories: [repository.folder] });
    app = await stack.createApp({ name: "disk", url: repository.url, config: faultConfig("process") });
    expect(await deploy()).toMatchObject({ status: "succeeded" });
    prober = probeHost(stack.routerPort, app.host);
  });
  afterAll(async () => {
    await prober?.stop();
    await stack?.stop();
    repository?.remove();
  });

  async function deploy() {
    const version = `version ${versions.size + 1}`;
    versions.set(repository.push(faultApp(version)), version);
    const { environment } = app;
    return stack.awaitEnd(
      await requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" }),
    );
  }

  const stepsOf = async (deploymentId: string) =>
    (await stack.ctx.db.step.findMany({ where: { deploymentId }, orderBy: { position: "asc" } })).map(
      ({ name }) => name,
    );

  test("ends a deployment before it fetches anything, with the cause, and what is live goes on", async () => {
    await stack.worker.kill("SIGTERM");
    await stack.worker.start({ WINDLASS_LEAST_FREE_MB: MORE_THAN_THERE_IS });
    const end = await deploy();
    expect(end).toMatchObject({ status: "failed", endReason: "disk_full" });
    const { cause, evidence, step } = DeploymentEnd.parse(end.endDetail);
    expect(step).toBe("check disk");
    expect(cause).toMatchObject({ code: "disk_full", place: "server" });
    expect(evidence[0]).toContain(`${stack.dataFolder}: `);
    expect(await stepsOf(end.id)).toEqual(["resolve source", "plan", "check disk"]);
    await expectTruth(stack, app, versions);
    expect(prober.failures.slice(0, 5)).toEqual([]);
  });

  test("is no matter once there is room", async () => {
    await stack.worker.kill("SIGTERM");
    await stack.worker.start({ WINDLASS_LEAST_FREE_MB: "1" });
    expect(await deploy()).toMatchObject({ status: "succeeded" });
    await expectTruth(stack, app, versions);
  });
});
