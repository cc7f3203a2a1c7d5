import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createApp, untilEnded } from "./harness/deployments.ts";
import { describe, ms, quantile } from "./harness/figures.ts";
import { MANIFEST, makeRepository, SERVER } from "./harness/make-repository.ts";
import { measure, until } from "./harness/measure.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { type Row, report } from "./harness/report.ts";
import { startStack } from "./harness/start-stack.ts";

/**
 * From just before the HTTP request for a cancel to the deployment's end, which is written when everything is gone, by
 * stage. Each app hangs at its stage; e2e/faults/cancel.int.test.ts checks that nothing is left, and takes the stages
 * that are over too soon to be met from outside.
 */
const ROUNDS = 8;
const BAR_MS = 2000;
/** A step is under way for that long before it is cancelled: its program, build or container is there */
const MIDWAY_MS = 400;

const HANG = `setInterval(() => {}, 1000)`;
const DOCKERFILE = `FROM node:22-slim\nWORKDIR /app\nCOPY . .\n`;
const START = `CMD ["node", "server.js"]\n`;

interface Stage {
  name: string;
  step: string;
  runtime: "docker" | "process";
  /** Files of its repository, beside those of a well app */
  files?: Record<string, string>;
  config?: object;
  /** An address to deploy from instead of a repository */
  url?: string;
  /** Cancelled as soon as its step is seen */
  isShort?: boolean;
}

await measure(async (stack) => {
  const host = await hangingHost(stack);
  process.env.WINDLASS_GIT_ALLOW_HTTP = "true";
  process.env.WINDLASS_GIT_PRIVATE_RANGES = "127.0.0.0/8";
  const hasDocker = !("problem" in (await dockerEngine()));
  const windlass = await startStack(stack, { docker: hasDocker });
  const { api } = windlass;

  const well = { "package.json": MANIFEST(), "server.js": SERVER };
  const wellOn = { process: well, docker: { ...well, Dockerfile: DOCKERFILE + START } };
  const deaf = { "server.js": `process.on("SIGTERM", () => {}); ${HANG}` };
  const npm = JSON.stringify({
    name: "bench",
    private: true,
    scripts: { start: "node server.js" },
    dependencies: { "left-pad": "1.3.0" },
  });
  const releaseCommand = ["node", "-e", HANG];
  const stages: Stage[] = [
    { name: "git that hangs", step: "resolve source", runtime: "process", url: `http://${host}/app.git` },
    {
      name: "build script",
      step: "build",
      runtime: "process",
      files: { "package.json": MANIFEST({ build: `node -e "${HANG}"` }) },
    },
    {
      name: "npm install that hangs",
      step: "build",
      runtime: "process",
      files: { "package.json": npm, ".npmrc": `registry=http://${host}/` },
    },
    { name: "release command", step: "release command", runtime: "process", config: { releaseCommand } },
    { name: "start", step: "start release", runtime: "process", isShort: true },
    { name: "health gate, app deaf to SIGTERM", step: "await healthy", runtime: "process", files: deaf },
  ];
  const onDocker: Stage[] = [
    {
      name: "build with a long RUN",
      step: "build",
      runtime: "docker",
      files: { Dockerfile: `${DOCKERFILE}RUN node -e "${HANG}"\n` },
    },
    { name: "release command", step: "release command", runtime: "docker", config: { releaseCommand } },
    { name: "start", step: "start release", runtime: "docker", isShort: true },
    { name: "health gate, app deaf to SIGTERM", step: "await healthy", runtime: "docker", files: deaf },
  ];

  const rows: Row[] = [];
  for (const [index, stage] of [...stages, ...(hasDocker ? onDocker : [])].entries()) {
    const folder = makeRepository(`${windlass.repositories}/stage-${index}`, {
      ...wellOn[stage.runtime],
      ...stage.files,
    });
    const title = `${stage.name}, ${stage.runtime}`;
    const environmentId = await createApp(windlass, {
      name: `Stage ${index}`,
      folder: stage.url ?? folder,
      runtime: stage.runtime,
      config: { health: { startPeriodSeconds: 60 }, ...stage.config },
    });
    const took: number[] = [];
    for (let tries = 0; took.length < ROUNDS && tries < 3 * ROUNDS; tries++) {
      const { deploymentId } = await api.deployment.create.mutate({ environmentId });
      const seen = await until(
        stage.step,
        async () => {
          const { currentStep, endedAt } = await api.deployment.get.query({ deploymentId });
          return currentStep === stage.step || endedAt ? { currentStep } : undefined;
        },
        { everyMs: 5 },
      );
      if (seen.currentStep === null) continue;
      if (!stage.isShort) await sleep(MIDWAY_MS);
      const askedAt = Date.now();
      const isTaken = await api.deployment.cancel.mutate({ deploymentId }).then(
        () => true,
        () => false,
      );
      const { status, endedAt } = await untilEnded(windlass, deploymentId, 20);
      if (isTaken && status === "cancelled") took.push(Number(endedAt) - askedAt);
      else if (!stage.isShort) throw new Error(`${title}: ${status}`);
    }
    rows.push(rowOf(title, took));
  }
  rows.push(rowOf("waiting", await cancelWaiting()));
  report(`Cancel → confirmed gone, ${ROUNDS} of each stage`, rows);

  /** Behind one that runs. */
  async function cancelWaiting(): Promise<number[]> {
    const folder = makeRepository(`${windlass.repositories}/waiting`, { ...well, ...deaf });
    const environmentId = await createApp(windlass, {
      name: "Waiting",
      folder,
      runtime: "process",
      config: { health: { startPeriodSeconds: 60 } },
    });
    const first = (await api.deployment.create.mutate({ environmentId })).deploymentId;
    const took: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { deploymentId } = await api.deployment.create.mutate({ environmentId });
      const askedAt = Date.now();
      await api.deployment.cancel.mutate({ deploymentId });
      const { endedAt } = await untilEnded(windlass, deploymentId);
      took.push(Number(endedAt) - askedAt);
    }
    await api.deployment.cancel.mutate({ deploymentId: first });
    await untilEnded(windlass, first);
    return took;
  }
});

function rowOf(figure: string, took: number[]): Row {
  const most = quantile(took, 1);
  return {
    figure,
    value: ms(most),
    spread: describe(took),
    bar: { text: `≤ ${BAR_MS} ms`, isMet: took.length > 0 && most <= BAR_MS },
  };
}

/** Takes connections and never answers. Returns host:port. */
async function hangingHost(stack: AsyncDisposableStack): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
}
