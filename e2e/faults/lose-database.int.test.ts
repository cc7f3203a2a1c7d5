import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { requestDeployment } from "@windlass/api/operations";
import { DEPLOY_STEPS, type RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabaseProxy, type DatabaseProxy } from "../stack/database-proxy.ts";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { createFaultGate, type FaultGate, momentAfter } from "../stack/fault-gate.ts";
import { type Prober, probeHost } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";

// The worker loses the database at every step, on both sides of its effect: before it is written down, and after.

const LEASE_MS = 2000;
/** As in the test of killed workers, from the moment at which the database is back */
const resolvedWithinMs = () => (LEASE_MS + 5000) * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
const CASE = { timeout: 120_000, concurrent: false };
const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

type Loss = "reset" | "silence";

describe.concurrent.each<{ loss: Loss; runtime: RuntimeKind; tag: string }>([
  { loss: "reset", runtime: "docker", tag: " [needs docker]" },
  { loss: "silence", runtime: "process", tag: "" },
])("a worker that loses the database ($loss), on the $runtime runtime$tag", ({ loss, runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const rows: string[] = [];
  const versions = new Map<string, string>();
  let proxy: DatabaseProxy;
  let stack: Stack;
  let gate: FaultGate;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;
  let prober: Prober;
  let usualMs = 0;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    const databaseBy = async (url: string) => {
      proxy = await createDatabaseProxy(url);
      return proxy.url;
    };
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder], databaseBy });
    gate = await createFaultGate(stack.databaseUrl);
    app = await stack.createApp({ name: "fault", url: repository.url, config: faultConfig(runtime) });
    for (const _ of [1, 2]) {
      const began = performance.now();
      expect(await stack.awaitEnd(await deploy())).toMatchObject({ status: "succeeded" });
      usualMs = performance.now() - began;
    }
    prober = probeHost(stack.routerPort, app.host);
  });

  afterAll(async () => {
    process.stdout.write(
      `\nDatabase lost (${loss}), lease ${LEASE_MS} ms, from its return to the end\n${rows.join("\n")}\n`,
    );
    await prober?.stop();
    await gate?.end();
    await stack?.stop();
    await proxy?.close();
    repository?.remove();
  });

  function deploy(): Promise<string> {
    const version = `version ${versions.size + 1}`;
    versions.set(repository.push(faultApp(version, { startMs: 50 })), version);
    const { environment } = app;
    return requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });
  }

  for (const step of DEPLOY_STEPS) {
    for (const side of ["unwritten", "written"] as const) {
      test(`at "${step}", ${side}, brings the deployment to its end once it is back`, CASE, async () => {
        await gate.close(side === "written" ? momentAfter("deploy", step) : { step, status: "succeeded" });
        const id = await deploy();
        await gate.reached();
        if (loss === "reset") proxy.reset();
        else proxy.silence();
        await gate.open();
        // A silence is longer than the lease: the worker must notice by its own clock.
        await sleep(loss === "reset" ? 300 : LEASE_MS * 1.5);
        proxy.heal();
        const began = performance.now();
        const end = await stack.awaitEnd(id, 90_000);
        const endedMs = Math.round(performance.now() - began);
        rows.push(
          `  ${runtime.padEnd(8)} ${step.padEnd(16)} ${side.padEnd(10)} ${end.status.padEnd(10)} ${endedMs} ms`,
        );
        expect(end.status, JSON.stringify(end.endDetail)).toBe("succeeded");
        expect(endedMs - usualMs, "time until it was resolved").toBeLessThan(resolvedWithinMs());
        await expectTruth(stack, app, versions);
        expect(prober.failures.slice(0, 5)).toEqual([]);
        expect(stack.worker.isRunning, stack.worker.output.slice(-2000)).toBe(true);
      });
    }
  }
});
