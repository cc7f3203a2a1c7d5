import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type BareTimes, openBareDocker } from "./harness/bare-docker.ts";
import { createApp, untilSucceeded } from "./harness/deployments.ts";
import { describe, median, ms, ratioOf } from "./harness/figures.ts";
import { changeFile, commitAgain, MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure, until } from "./harness/measure.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { report } from "./harness/report.ts";
import { startStack } from "./harness/start-stack.ts";

/**
 * Deployments for which most is there already, each beside the bare Docker calls that it must make, in turns: a commit
 * that changes a file, the layers before it cached; one of the same files, for which the bare calls ask the engine to build
 * from its cache; and the same commit again, whose image is there. The release before stays warm, so neither side stops it
 * within the time that counts. Ratios are of medians.
 */
const ROUNDS = 9;
const BAR = 1.25;
/** What is stopped after a deployment's end is over before the next */
const GAP_MS = 600;

const FILES = {
  Dockerfile: `FROM node:22-slim
WORKDIR /app
COPY package.json ./
RUN node --version
COPY . .
CMD ["node", "server.js"]
`,
  "package.json": MANIFEST(),
  "server.js": SERVER,
};

interface Deployed {
  requested: number;
  steps: Record<string, number>;
}

await measure(async (stack) => {
  const found = await dockerEngine();
  if ("problem" in found) throw new Error(found.problem);
  const windlass = await startStack(stack, { docker: true });
  const folder = makeRepository(`${windlass.repositories}/app`, FILES);
  const environmentId = await createApp(windlass, { name: "Cached", folder, runtime: "docker" });
  const bare = await openBareDocker(stack, found.engine, { folder, files: Object.keys(FILES) });

  const database = new pg.Client({ connectionString: windlass.databaseUrl });
  await database.connect();
  stack.defer(() => database.end());

  async function deploy(): Promise<Deployed> {
    const askedAt = Date.now();
    const { deploymentId } = await windlass.api.deployment.create.mutate({ environmentId });
    // Whoever asks for the whole deployment meanwhile takes a quarter of a processor.
    const isOver = `select 1 from "Deployment" where "id" = $1 and "endedAt" is not null`;
    await until(
      "the deployment's end",
      async () => (await database.query(isOver, [deploymentId])).rowCount || undefined,
    );
    const { endedAt, steps } = await untilSucceeded(windlass, deploymentId);
    const took = steps.map((step) => [step.name, Number(step.endedAt) - Number(step.startedAt)] as const);
    return {
      requested: Number(endedAt) - askedAt,
      steps: Object.fromEntries(took),
    };
  }

  const gap = () => sleep(GAP_MS);
  // Of no earlier run either: the engine still has what that built.
  const change = () => changeFile(folder, "server.js", `${SERVER}\n// ${randomUUID()}\n`);
  // The second of each finds everything cached and something to retire.
  for (let i = 0; i < 2; i++) {
    await bare.deploy();
    await deploy();
  }
  const ours = { changed: [] as Deployed[], commit: [] as Deployed[], again: [] as Deployed[] };
  const theirs = { changed: [] as BareTimes[], cached: [] as BareTimes[] };
  for (let round = 0; round < ROUNDS; round++) {
    change();
    theirs.changed.push(await bare.deploy());
    await gap();
    change();
    ours.changed.push(await deploy());
    await gap();
    // Its own build of these files: the engine answers the next one from its cache.
    await bare.deploy();
    await gap();
    theirs.cached.push(await bare.deploy());
    await gap();
    commitAgain(folder);
    ours.commit.push(await deploy());
    await gap();
    ours.again.push(await deploy());
    await gap();
  }

  const compare = (figure: string, values: number[], against: string, floors: number[]) => ({
    figure,
    value: ms(median(values)),
    spread: describe(values),
    against: `${ms(median(floors))} ${against}`,
    ratio: ratioOf(median(values), median(floors)),
  });
  const judge = (row: ReturnType<typeof compare>, values: number[], floors: number[]) => ({
    ...row,
    bar: { text: `≤ ${BAR} ×`, isMet: median(values) / median(floors) <= BAR },
  });
  const built = (times: BareTimes[]) => times.map(({ build, start, healthy }) => build + start + healthy);
  const started = [...theirs.changed, ...theirs.cached].map(({ start, healthy }) => start + healthy);
  const BUILT = "build, create, start, first answer";
  const requested = (deployed: Deployed[]) => deployed.map((one) => one.requested);
  report(`Cached deployments beside the bare Docker calls, request → succeeded, ${ROUNDS} of each in turns`, [
    judge(
      compare("a changed file, the layers before it cached", requested(ours.changed), BUILT, built(theirs.changed)),
      requested(ours.changed),
      built(theirs.changed),
    ),
    judge(
      compare("a new commit, its files built before", requested(ours.commit), BUILT, built(theirs.cached)),
      requested(ours.commit),
      built(theirs.cached),
    ),
    judge(
      compare("the same commit, its image there", requested(ours.again), "create, start, first answer", started),
      requested(ours.again),
      started,
    ),
    compare("the same commit, beside a peer's calls", requested(ours.again), BUILT, built(theirs.cached)),
  ]);

  const BARE: Record<string, { name: string; part: keyof BareTimes }> = {
    build: { name: "tar and build", part: "build" },
    "start release": { name: "create, start", part: "start" },
    "await healthy": { name: "until the first answer", part: "healthy" },
  };
  for (const [title, deployed, times] of [
    ["a changed file", ours.changed, theirs.changed],
    ["a new commit", ours.commit, theirs.cached],
    ["the same commit", ours.again, theirs.cached],
  ] as const) {
    const names = Object.keys(deployed[0]?.steps ?? {});
    const inSteps = deployed.map((one) => Object.values(one.steps).reduce((sum, took) => sum + took, 0));
    report(`Where it goes, by step: ${title}`, [
      ...names.map((name) => {
        const values = deployed.map((one) => one.steps[name] ?? 0);
        const rival = BARE[name];
        if (!rival || (rival.part === "build" && deployed !== ours.changed)) {
          return { figure: name, value: ms(median(values)), spread: describe(values) };
        }
        const floors = times.map((one) => one[rival.part]);
        return compare(name, values, rival.name, floors);
      }),
      {
        figure: "queue, journal, between steps",
        value: ms(median(requested(deployed).map((whole, i) => whole - (inSteps[i] ?? 0)))),
      },
    ]);
  }
});
