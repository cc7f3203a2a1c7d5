import { setTimeout as sleep } from "node:timers/promises";
import { openBareDocker } from "./harness/bare-docker.ts";
import { createApp, untilSucceeded } from "./harness/deployments.ts";
import { describe, median, ms, quantile, ratioOf } from "./harness/figures.ts";
import { MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure } from "./harness/measure.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { report } from "./harness/report.ts";
import { type Stack, startStack } from "./harness/start-stack.ts";

/**
 * From just before the HTTP request for a rollback to the end of its switch, which includes the proof through the router:
 * to a release that stayed warm, and to one that has to be started, beside a bare create, start and first answer.
 */
const WARM_ROUNDS = 40;
const STORED_ROUNDS = 12;
const WARM_BAR_MS = 300;
const STORED_BAR = 1.5;
const GAP_MS = 250;

const FILES = {
  Dockerfile: `FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n`,
  "package.json": MANIFEST(),
  "server.js": SERVER,
};

interface RolledBack {
  switchedMs: number;
  steps: { name: string; tookMs: number }[];
}

/** Rolls an app with two releases from one to the other and back. */
async function openRollbacks(windlass: Stack, name: string, folder: string, warmMinutes: number) {
  const environmentId = await createApp(windlass, { name, folder, runtime: "docker", config: { warmMinutes } });
  for (let n = 0; n < 2; n++) {
    await untilSucceeded(windlass, (await windlass.api.deployment.create.mutate({ environmentId })).deploymentId);
  }
  return async (): Promise<RolledBack> => {
    const { releases } = await windlass.api.environment.get.query({ environmentId });
    const other = releases.find(({ isLive }) => !isLive);
    if (!other) throw new Error("There is no release to roll back to.");
    if ((other.warmUntil !== null) !== warmMinutes > 0) throw new Error("The release is not as it should be.");
    const askedAt = Date.now();
    const { deploymentId } = await windlass.api.deployment.rollback.mutate({ environmentId, releaseId: other.id });
    const { steps, startedAt } = await untilSucceeded(windlass, deploymentId);
    const switched = steps.find((step) => step.name === "switch traffic")?.endedAt;
    return {
      switchedMs: Number(switched) - askedAt,
      steps: [
        { name: "request → started", tookMs: Number(startedAt) - askedAt },
        { name: "started → first step", tookMs: Number(steps[0]?.startedAt) - Number(startedAt) },
        ...steps.map((step) => ({ name: step.name, tookMs: Number(step.endedAt) - Number(step.startedAt) })),
      ],
    };
  };
}

await measure(async (stack) => {
  const found = await dockerEngine();
  if ("problem" in found) throw new Error(found.problem);
  const windlass = await startStack(stack, { docker: true });
  const folder = makeRepository(`${windlass.repositories}/app`, FILES);
  const warm = await openRollbacks(windlass, "Warm", folder, 60);
  const stored = await openRollbacks(windlass, "Stored", folder, 0);
  const bare = await openBareDocker(stack, found.engine, { folder, files: Object.keys(FILES) });
  for (let n = 0; n < 2; n++) {
    await warm();
    await stored();
    await bare.deploy();
  }

  const warmOnes: RolledBack[] = [];
  for (let round = 0; round < WARM_ROUNDS; round++) {
    warmOnes.push(await warm());
    await sleep(GAP_MS);
  }
  const storedOnes: RolledBack[] = [];
  const bareMs: number[] = [];
  for (let round = 0; round < STORED_ROUNDS; round++) {
    const { start, healthy } = await bare.deploy();
    bareMs.push(start + healthy);
    await sleep(GAP_MS);
    storedOnes.push(await stored());
    await sleep(GAP_MS);
  }

  const warmMs = warmOnes.map(({ switchedMs }) => switchedMs);
  const storedMs = storedOnes.map(({ switchedMs }) => switchedMs);
  const p95 = quantile(warmMs, 0.95);
  const ratio = median(storedMs) / median(bareMs);
  report(
    `Rollback, request → switched and proved: ${WARM_ROUNDS} to a warm release, ${STORED_ROUNDS} to a stored one`,
    [
      {
        figure: "to a warm release, p95",
        value: ms(p95),
        spread: describe(warmMs),
        bar: { text: `≤ ${WARM_BAR_MS} ms`, isMet: p95 <= WARM_BAR_MS },
      },
      {
        figure: "to a stored release",
        value: ms(median(storedMs)),
        spread: describe(storedMs),
        against: `${ms(median(bareMs))} bare create, start, first answer`,
        ratio: ratioOf(median(storedMs), median(bareMs)),
        bar: { text: `≤ ${STORED_BAR} ×`, isMet: ratio <= STORED_BAR },
      },
    ],
  );
  for (const [which, ones] of [
    ["warm", warmOnes],
    ["stored", storedOnes],
  ] as const) {
    const names = new Set(ones.flatMap(({ steps }) => steps.map(({ name }) => name)));
    report(
      `Where a ${which} one goes`,
      [...names].map((name) => {
        const values = ones.flatMap(({ steps }) => steps.filter((step) => step.name === name).map((s) => s.tookMs));
        return { figure: name, value: ms(median(values)), spread: describe(values) };
      }),
    );
  }
});
