import { setTimeout as sleep } from "node:timers/promises";
import { GitRef } from "@windlass/domain";
import pg from "pg";
import { createApp, untilEnded } from "./harness/deployments.ts";
import { describe, ms, quantile, ratioOf } from "./harness/figures.ts";
import { MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure } from "./harness/measure.ts";
import { report } from "./harness/report.ts";
import { startStack } from "./harness/start-stack.ts";

/**
 * From just before the HTTP request for a deployment to the worker's note that it began, beside a bare notification
 * through the same Postgres. Each asks for a branch that is not there, so that it ends soon: how it starts is the same.
 */
const WARM_UPS = 5;
const DEPLOYMENTS = 60;
/** Between a deployment's end and the next request: nothing is left of it. */
const GAP_MS = 60;
const BAR_MS = 50;

await measure(async (stack) => {
  const windlass = await startStack(stack, { docker: false });
  const folder = makeRepository(`${windlass.repositories}/app`, { "package.json": MANIFEST(), "server.js": SERVER });
  const environmentId = await createApp(windlass, { name: "Queue", folder, runtime: "process" });
  const notify = await openNotifications(stack, windlass.databaseUrl);

  const starts: number[] = [];
  const answers: number[] = [];
  const floors: number[] = [];
  for (let i = -WARM_UPS; i < DEPLOYMENTS; i++) {
    const askedAt = Date.now();
    const { deploymentId } = await windlass.api.deployment.create.mutate({
      environmentId,
      ref: GitRef.parse("no-such-branch"),
    });
    const answeredMs = Date.now() - askedAt;
    const { startedAt } = await untilEnded(windlass, deploymentId);
    if (!startedAt) throw new Error("A deployment ended that never began.");
    await sleep(GAP_MS);
    const notifiedMs = await notify();
    if (i < 0) continue;
    starts.push(startedAt.getTime() - askedAt);
    answers.push(answeredMs);
    floors.push(notifiedMs);
  }

  const p95 = quantile(starts, 0.95);
  report(`Request to deploy → worker starts, ${DEPLOYMENTS} deployments one after the other`, [
    {
      figure: "request → started, p95",
      value: ms(p95),
      spread: describe(starts),
      against: `${ms(quantile(floors, 0.95))} bare NOTIFY → LISTEN`,
      ratio: ratioOf(p95, quantile(floors, 0.95)),
      bar: { text: `≤ ${BAR_MS} ms`, isMet: p95 <= BAR_MS },
    },
    { figure: "request → its answer", value: ms(quantile(answers, 0.5)), spread: describe(answers) },
    { figure: "bare NOTIFY → LISTEN", value: ms(quantile(floors, 0.5)), spread: describe(floors) },
  ]);
});

/** A round trip from one connection to another. */
async function openNotifications(
  stack: AsyncDisposableStack,
  connectionString: string,
): Promise<() => Promise<number>> {
  const [listener, sender] = [new pg.Client({ connectionString }), new pg.Client({ connectionString })];
  for (const client of [listener, sender]) {
    await client.connect();
    stack.defer(() => client.end());
  }
  await listener.query("listen bench");
  return async () => {
    const heard = new Promise((resolve) => listener.once("notification", resolve));
    const began = performance.now();
    await sender.query("notify bench");
    await heard;
    return performance.now() - began;
  };
}
