import type { RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabaseProxy, type DatabaseProxy, type Loss, loseDatabase } from "../stack/database-proxy.ts";
import { casesOf, type FaultCases, faultOf, type Outcome, openFaultCases, tableOf } from "../stack/fault-cases.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";

// The worker loses the database at every step: half-way through it, and on both sides of its effect.

const LEASE_MS = 2000;
const CASE = { timeout: 240_000, concurrent: false };
const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ loss: Loss; runtime: RuntimeKind; tag: string }>([
  { loss: "reset", runtime: "docker", tag: " [needs docker]" },
  { loss: "silence", runtime: "process", tag: "" },
])("a worker that loses the database ($loss), on the $runtime runtime$tag", ({ loss, runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const outcomes: Outcome[] = [];
  let proxy: DatabaseProxy;
  let stack: Stack;
  let repository: TestRepository;
  let cases: FaultCases;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    const databaseBy = async (url: string) => {
      proxy = await createDatabaseProxy(url);
      return proxy.url;
    };
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder], databaseBy });
    cases = await openFaultCases(stack, repository, { startMs: 50 });
  });

  afterAll(async () => {
    process.stdout.write(tableOf(`Database lost (${loss}) on ${runtime}, lease ${LEASE_MS} ms`, outcomes));
    await cases?.stop();
    await stack?.stop();
    await proxy?.close();
    repository?.remove();
  });

  for (const one of casesOf("deploy")) {
    test(`at "${one.step}", ${one.point}, brings the deployment to its end once it is back`, CASE, async () => {
      const outcome = await cases.run(one, loseDatabase(proxy, loss, LEASE_MS));
      outcomes.push(outcome);
      expect(faultOf(outcome)).toBeUndefined();
      expect(outcome.end).toBe("succeeded");
      expect(stack.worker.isRunning, stack.worker.output.slice(-2000)).toBe(true);
    });
  }
});
