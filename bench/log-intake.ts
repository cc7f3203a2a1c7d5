import { type ChildProcess, spawn } from "node:child_process";
import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createDatabase, type Database } from "@windlass/db";
import { startEmbedded } from "@windlass/db/embedded";
import { createCipher } from "@windlass/db/encryption";
import { applyMigrations } from "@windlass/db/migrations";
import { unpackLines } from "@windlass/db/runtime-log";
import { EnvironmentConfig } from "@windlass/domain";
import type Dockerode from "dockerode";
import { median, ratioOf } from "./harness/figures.ts";
import { measure, until } from "./harness/measure.ts";
import { memoryOf, processorMsOf } from "./harness/memory.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { type Row, report } from "./harness/report.ts";

/**
 * Lines a second from a container that prints as quickly as it can: through Docker's own follow endpoint alone, and
 * through the whole path, by the real worker into a real Postgres, with every line counted and checked. The two take
 * turns. The container's log is large enough that the engine rotates nothing away. The number of lines may be given.
 */
const LINES = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 3;
const BAR = 0.8;
const LIMIT_MS = 180_000;
const PRINTER = readFileSync(path.join(import.meta.dirname, "harness/print-counted.mjs"), "utf8");
const PAD = "x".repeat(80);

await measure(async (stack) => {
  const found = await dockerEngine();
  if ("problem" in found) throw new Error(found.problem);
  const { engine } = found;
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-bench-intake-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbedded(path.join(folder, "postgres"));
  stack.defer(() => postgres.stop());
  const url = postgres.url("postgres");
  await applyMigrations(url);
  const db = createDatabase(url, 4);
  stack.defer(() => db.$disconnect());
  const key = randomBytes(32);
  const owner = createHmac("sha256", key).update("windlass owner").digest("hex").slice(0, 12);
  stack.defer(() => removeContainers(engine, owner));
  const worker = await startWorker(stack, url, key, folder);
  const makeInstance = await openApp(db, key);

  const bare: number[] = [];
  const whole: number[] = [];
  const problems: string[] = [];
  let processorMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await followBare(engine, owner));
    const before = processorMsOf(worker.pid ?? 0);
    const { perSecond, problem } = await storeAll(engine, owner, db, makeInstance);
    processorMs += processorMsOf(worker.pid ?? 0) - before;
    whole.push(perSecond);
    if (problem) problems.push(problem);
  }
  const ratio = median(whole) / median(bare);
  const rows: Row[] = [
    {
      figure: "container → Postgres",
      value: `${thousands(median(whole))} lines/s`,
      spread: whole.map(thousands).join(" · "),
      against: `${thousands(median(bare))} lines/s Docker's follow alone`,
      ratio: ratioOf(median(whole), median(bare)),
      bar: { text: `≥ ${BAR} ×`, isMet: ratio >= BAR },
    },
    {
      figure: "rounds with every line once, in order",
      value: `${ROUNDS - problems.length} of ${ROUNDS}`,
      bar: { text: "all", isMet: problems.length === 0 },
    },
    {
      figure: "worker: processor time for 100,000 lines",
      value: `${Math.round((processorMs / ROUNDS / LINES) * 100_000)} ms`,
    },
    { figure: "worker: memory afterwards", value: `${memoryOf([worker.pid ?? 0]).rssMb.toFixed(0)} MB` },
  ];
  report(`Log intake, ${thousands(LINES)} lines of ${PAD.length + 12} bytes a round`, rows, problems);
});

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}

async function startWorker(
  stack: AsyncDisposableStack,
  url: string,
  key: Buffer,
  folder: string,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "../apps/worker/src/main.ts")], {
    env: {
      ...process.env,
      NODE_ENV: "production",
      DATABASE_URL: url,
      WINDLASS_SECRET_KEY: key.toString("hex"),
      WINDLASS_DATA_DIR: folder,
      WINDLASS_ROUTER_CONTROL_SOCKET: path.join(folder, "no-router.sock"),
      WINDLASS_ROUTER_ENTRY: "127.0.0.1:9",
    },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  stack.defer(async () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  });
  await new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("exit", () => reject(new Error("The worker ended before it was ready.")));
  });
  return child;
}

/** An app whose instances are the measurement's containers: what the worker finds of a deployment. */
async function openApp(db: Database, key: Buffer) {
  const team = await db.team.create({ data: { slug: "bench", name: "Bench" } });
  const app = await db.app.create({ data: { teamId: team.id, slug: "bench", name: "Bench", source: {} } });
  const config = EnvironmentConfig.parse({});
  const cipher = createCipher(new Map([[1, key]]));
  const secret = { value: "a secret that the redactor looks for", isSecret: true };
  return async (name: string): Promise<string> => {
    const environment = await db.environment.create({
      data: {
        appId: app.id,
        teamId: team.id,
        slug: name,
        name,
        branch: "main",
        runtime: "docker",
        config,
        logMegabytes: 10_000,
        releases: {
          create: {
            number: 1,
            runtime: "docker",
            artifact: {},
            config,
            variables: cipher.encrypt(JSON.stringify({ SECRET: secret }), "releaseVariables"),
            variablesVersion: 1,
            variableDigests: {},
            instances: { create: { name, address: "127.0.0.1:1", status: "running" } },
          },
        },
      },
    });
    return environment.id;
  };
}

async function startPrinter(engine: Dockerode, owner: string, name: string): Promise<Dockerode.Container> {
  const labels = ["team", "app", "app-slug", "environment", "environment-slug", "deployment", "release"];
  const container = await engine.createContainer({
    name,
    Image: "node:22-slim",
    Entrypoint: ["sh", "-c", 'printf %s "$PRINTER" > /tmp/print.mjs && exec node /tmp/print.mjs "$0"', String(LINES)],
    Env: [`PRINTER=${PRINTER}`],
    Labels: {
      "io.windlass.owner": owner,
      ...Object.fromEntries(labels.map((label) => [`io.windlass.${label}`, "bench"])),
    },
    HostConfig: { LogConfig: { Type: "json-file", Config: { "max-size": "2g", "max-file": "1" } } },
  });
  await container.start();
  return container;
}

/** Lines a second, from the first byte to the last, when nothing is done with them but counting. */
async function followBare(engine: Dockerode, owner: string): Promise<number> {
  const container = await startPrinter(engine, owner, `wl-bench-${randomUUID()}`);
  const stream = await container.logs({ follow: true, stdout: true, stderr: true, timestamps: true });
  let lines = 0;
  let began = 0;
  for await (const chunk of stream as unknown as AsyncIterable<Buffer>) {
    began ||= performance.now();
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  const tookMs = performance.now() - began;
  await container.remove({ force: true });
  if (lines < LINES) throw new Error(`Docker gave ${lines} of ${LINES} lines.`);
  return (lines / tookMs) * 1000;
}

/** Lines a second from the first stored line to the last, and what was not as it should be. */
async function storeAll(
  engine: Dockerode,
  owner: string,
  db: Database,
  makeInstance: (name: string) => Promise<string>,
): Promise<{ perSecond: number; problem: string | undefined }> {
  const name = `wl-bench-${randomUUID()}`;
  const container = await startPrinter(engine, owner, name);
  const environmentId = await makeInstance(name);
  const stored = async () => {
    const log = await db.runtimeLog.findUnique({ where: { environmentId }, select: { lastSeq: true } });
    return Number(log?.lastSeq ?? 0);
  };
  const first = await until("the first stored line", async () => (await stored()) || undefined, { everyMs: 5 });
  const began = performance.now();
  await until("the last stored line", async () => ((await stored()) >= LINES ? true : undefined), {
    everyMs: 20,
    limitMs: LIMIT_MS,
  });
  const perSecond = ((LINES - first) / (performance.now() - began)) * 1000;
  await container.remove({ force: true });
  await db.instance.update({ where: { name }, data: { status: "stopped", stoppedAt: new Date() } });
  return { perSecond, problem: await checkStored(db, environmentId) };
}

async function checkStored(db: Database, environmentId: string): Promise<string | undefined> {
  const expected = createHash("sha256");
  for (let i = 0; i < LINES; i++) expected.update(`line ${i} ${PAD}\n`);
  const found = createHash("sha256");
  let next = 1n;
  let lines = 0;
  for (;;) {
    const chunks = await db.runtimeLogChunk.findMany({
      where: { environmentId, firstSeq: { gte: next } },
      orderBy: { firstSeq: "asc" },
      take: 20,
    });
    if (chunks.length === 0) break;
    for (const { firstSeq, lastSeq, data } of chunks) {
      if (firstSeq !== next) return `Lines ${next} to ${firstSeq} are not there.`;
      const { text, count } = unpackLines(data);
      found.update(text);
      lines += count;
      next = lastSeq + 1n;
    }
  }
  if (lines !== LINES) return `${thousands(lines)} lines are stored, ${thousands(LINES)} were printed.`;
  return found.digest("hex") === expected.digest("hex") ? undefined : "The checksum of the stored lines differs.";
}

async function removeContainers(engine: Dockerode, owner: string): Promise<void> {
  const filters = { label: [`io.windlass.owner=${owner}`] };
  for (const { Id } of await engine.listContainers({ all: true, filters })) {
    await engine.getContainer(Id).remove({ force: true, v: true });
  }
}
