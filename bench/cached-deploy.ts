import { setTimeout as sleep } from "node:timers/promises";
import { type BareTimes, openBareDocker } from "./harness/bare-docker.ts";
import { createApp, untilSucceeded } from "./harness/deployments.ts";
import { describe, median, ms, ratioOf } from "./harness/figures.ts";
import { MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure } from "./harness/measure.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { report } from "./harness/report.ts";
import { startStack } from "./harness/start-stack.ts";

/**
 * The same commit deployed again, everything cached, beside the bare Docker calls that it takes: build, create, start,
 * first answer, stop and remove the one before. The two take turns. Ratios are of medians.
 */
const ROUNDS = 9;
const BAR = 1.25;

const FILES = {
  Dockerfile: `FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.js"]\n`,
  "package.json": MANIFEST(),
  "server.js": SERVER,
};

interface Deployed {
  requested: number;
  toSwitch: number;
  steps: Record<string, number>;
}

await measure(async (stack) => {
  const found = await dockerEngine();
  if ("problem" in found) throw new Error(found.problem);
  const windlass = await startStack(stack, { docker: true });
  const folder = makeRepository(`${windlass.repositories}/app`, FILES);
  const environmentId = await createApp(windlass, { name: "Cached", folder, runtime: "docker" });
  const bare = await openBareDocker(stack, found.engine, { folder, files: Object.keys(FILES) });

  async function deploy(): Promise<Deployed> {
    const askedAt = Date.now();
    const { deploymentId } = await windlass.api.deployment.create.mutate({ environmentId });
    const { startedAt, endedAt, steps } = await untilSucceeded(windlass, deploymentId);
    const took = steps.map((step) => [step.name, Number(step.endedAt) - Number(step.startedAt)] as const);
    const switched = steps.find((step) => step.name === "switch traffic")?.endedAt;
    return {
      requested: Number(endedAt) - askedAt,
      toSwitch: Number(switched) - Number(startedAt),
      steps: Object.fromEntries(took),
    };
  }

  // The second of each finds everything cached and something to retire.
  for (let i = 0; i < 2; i++) {
    await bare.deploy();
    await deploy();
  }
  const ours: Deployed[] = [];
  const theirs: BareTimes[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    theirs.push(await bare.deploy());
    await sleep(200);
    ours.push(await deploy());
    await sleep(200);
  }

  const requested = ours.map((one) => one.requested);
  const toSwitch = ours.map((one) => one.toSwitch);
  const bareWhole = theirs.map(({ build, start, healthy, retire }) => build + start + healthy + retire);
  const bareToAnswer = theirs.map(({ build, start, healthy }) => build + start + healthy);
  const ratio = median(requested) / median(bareWhole);
  const compare = (figure: string, values: number[], against: string, floors: number[]) => ({
    figure,
    value: ms(median(values)),
    spread: describe(values),
    against: `${ms(median(floors))} ${against}`,
    ratio: ratioOf(median(values), median(floors)),
  });
  report(`A cached deploy beside the bare Docker calls, ${ROUNDS} of each in turns`, [
    {
      ...compare("request → succeeded", requested, "build … remove the old", bareWhole),
      bar: { text: `≤ ${BAR} ×`, isMet: ratio <= BAR },
    },
    compare("worker starts → switched", toSwitch, "build … first answer", bareToAnswer),
  ]);

  const BARE: Record<string, { name: string; part: keyof BareTimes }> = {
    build: { name: "tar and cached build", part: "build" },
    "start release": { name: "create, start", part: "start" },
    "await healthy": { name: "until the first answer", part: "healthy" },
    "retire previous": { name: "stop, remove", part: "retire" },
  };
  const names = Object.keys(ours[0]?.steps ?? {});
  const inSteps = ours.map((one) => Object.values(one.steps).reduce((sum, took) => sum + took, 0));
  report("Where it goes, by step", [
    ...names.map((name) => {
      const values = ours.map((one) => one.steps[name] ?? 0);
      const rival = BARE[name];
      if (!rival) return { figure: name, value: ms(median(values)), spread: describe(values) };
      return compare(
        name,
        values,
        rival.name,
        theirs.map((times) => times[rival.part]),
      );
    }),
    {
      figure: "queue, journal, between steps",
      value: ms(median(requested.map((whole, i) => whole - (inSteps[i] ?? 0)))),
    },
  ]);
});
