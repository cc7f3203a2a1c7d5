import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { appRouter } from "@windlass/api";
import { issueSetupLink, signIn } from "@windlass/api/operations";
import { unpackLines } from "@windlass/db/runtime-log";
import { type GitAddress, type GitRef, isEnded, type RuntimeKind } from "@windlass/domain";
import { createDockerRuntime, findDockerEngine } from "@windlass/engine";
import { type GitHttpServer, serveGitOverHttp } from "@windlass/engine/testing/git";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Canary, canaryOf, findCanaries, makeCanary } from "../stack/canary.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { listFiles, processes } from "../stack/holdings.ts";
import { ask } from "../stack/probe-host.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// Secrets that nobody may see, put in at every place there is, and looked for at every place where something is written.

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

/** Tells its secret to whoever looks: plain, in base64, as part of an address and of JSON. */
const TELL = `
const secret = process.env.API_KEY ?? "";
console.log("secret " + secret);
console.log("Basic " + Buffer.from(secret).toString("base64"));
console.error("https://example.com/?key=" + encodeURIComponent(secret));
console.log(JSON.stringify(process.env));
console.log("y".repeat(16384 - 10) + secret + " where a long line is split");
`;

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("a secret, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  const variable = makeCanary("variable");
  const token = makeCanary("token");
  const password = makeCanary("password");
  const canaries: Canary[] = [variable, token, password];
  const seenInArguments: string[] = [];
  const answered: string[] = [];
  const ids: Record<string, string> = {};
  let programs = 0;
  let stack: Stack;
  let repository: TestRepository;
  let git: GitHttpServer;
  let isSampling = true;
  let sampling: Promise<void>;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    git = await serveGitOverHttp({ folder: repository.folder, token: token.value });
    stack = await startStack({ runtime, leaseMs: 6000 });
    canaries.push(canaryOf("key of the instance", stack.key.toString("hex")));
    sampling = sampleArguments();
    await useEverything();
  }, 240_000);

  afterAll(async () => {
    isSampling = false;
    await sampling;
    await git?.close();
    await stack?.stop();
    repository?.remove();
  });

  /** Every program that is started meanwhile, as `ps` would show it to anybody on the machine. */
  async function sampleArguments(): Promise<void> {
    const seen = new Set<string>();
    while (isSampling) {
      for (const { argv } of await processes()) {
        if (seen.has(argv)) continue;
        seen.add(argv);
        seenInArguments.push(...findCanaries(canaries, "a program's arguments", argv));
      }
      programs = seen.size;
      await sleep(2);
    }
  }

  async function useEverything(): Promise<void> {
    const { db, cipher } = stack.ctx;
    const call = (sessionId?: string) =>
      appRouter.createCaller(
        {
          ...stack.ctx,
          credentials: sessionId ? { kind: "session", sessionId } : null,
          request: { address: "127.0.0.1", userAgent: "test" },
          onUnexpected: (error) => answered.push(String(error)),
        },
        { signal: AbortSignal.timeout(200_000) },
      );
    const email = "grace@example.com";
    const key = (await issueSetupLink(db)) ?? "";
    await call().setup.complete({ key, name: "Grace", email, password: password.value, teamName: "Canary" });
    const { sessionId } = await signIn(stack.ctx, {
      email,
      password: password.value,
      address: "::1",
      userAgent: "test",
    });
    const api = call(sessionId);
    const teamId = (await api.account.me()).teams[0]?.id ?? "";
    const made = await api.token.create({ teamId, name: "CI", expiresInDays: 1 });
    canaries.push(canaryOf("personal token", made.token));
    const { deployKeyId } = await api.app.createDeployKey({ teamId });
    const pair = await db.deployKey.findUniqueOrThrow({ where: { id: deployKeyId } });
    const lines = cipher.decrypt(pair.privateKey, "deployKey").reveal().split("\n");
    // The first line of a key's body is the same in all of them.
    canaries.push(
      ...lines
        .slice(2)
        .filter((line) => line.length > 40 && !line.startsWith("-"))
        .map((line) => canaryOf("deploy key", line)),
    );

    const source = { kind: "git" as const, url: `${git.url}/app.git` as GitAddress };
    const first = repository.push(tellingApp("version 1"));
    const access = { source, repositoryToken: token.value, deployKeyId };
    expect(await api.app.checkSource({ teamId, ...access, ref: "" })).toMatchObject({ ok: true });
    const { appId, environmentId, deploymentId } = await api.app.create({
      teamId,
      ...access,
      name: "canary",
      branch: "main" as GitRef,
      runtime,
      config: faultConfig(runtime),
      variables: [{ key: "API_KEY" as never, value: variable.value, isSecret: true }],
      deploy: true,
    });
    Object.assign(ids, { teamId, appId, environmentId, deploymentId, key, first });
    const end = async (id: string | null) =>
      waitFor("the end of a deployment", async () => {
        const row = await api.deployment.get({ deploymentId: id ?? "" });
        return isEnded(row.status) && row;
      });
    expect(await end(deploymentId)).toMatchObject({ status: "succeeded" });
    expect(await ask(stack.routerPort, "canary.localhost")).toMatchObject({ status: 200 });
    const again = await api.deployment.redeploy({ deploymentId: deploymentId ?? "" });
    expect(await end(again.deploymentId)).toMatchObject({ status: "succeeded" });
    repository.push(tellingApp("broken", true), `Use ${variable.value} as key`);
    const broken = await api.deployment.create({ environmentId });
    const failed = await end(broken.deploymentId);
    expect(failed).toMatchObject({ status: "failed", end: { reason: "unhealthy" } });
    // It was printed, and it was seen: the evidence shows that it was taken out.
    expect(JSON.stringify(failed)).toContain("secret [redacted]");
    await waitFor("the app's own log", async () => (await readRuntimeLog(db)).includes("secret [redacted]"));
    const release = await db.release.findFirstOrThrow({ where: { environmentId }, orderBy: { number: "asc" } });
    const back = await api.deployment.rollback({ environmentId, releaseId: release.id });
    expect(await end(back.deploymentId)).toMatchObject({ status: "succeeded" });
    await expect(api.app.update({ appId, repositoryToken: token.value })).resolves.toEqual({});
    Object.assign(ids, { releaseId: (await db.release.findFirstOrThrow({ where: { NOT: { id: release.id } } })).id });
    for (const id of [deploymentId, again.deploymentId, broken.deploymentId, back.deploymentId]) {
      answered.push(...(await callEverything(api, { ...ids, deploymentId: id })));
    }
    isSampling = false;
    await sampling;
  }

  test("stands in no program's arguments", () => {
    expect(programs).toBeGreaterThan(10);
    expect(seenInArguments).toEqual([]);
  });

  test("stands in no column of the database", async () => {
    const client = new pg.Client({ connectionString: stack.databaseUrl });
    await client.connect();
    try {
      const tables = await client.query<{ name: string }>(
        `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
      );
      let text = "";
      const found: string[] = [];
      for (const { name } of tables.rows) {
        const rows = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
        for (const { row } of rows.rows) {
          found.push(...findCanaries(canaries, `table ${name}`, row));
          text += row;
        }
      }
      expect(tables.rows.length).toBeGreaterThan(15);
      expect(text).toContain(ids.first);
      expect(text).toContain("grace@example.com");
      // Stored packed.
      const log = await readRuntimeLog(stack.ctx.db);
      expect(log.includes(" where a long line is split")).toBe(true);
      found.push(...findCanaries(canaries, "the runtime log", log));
      expect(found).toEqual([]);
    } finally {
      await client.end();
    }
  });

  test("stands in no line of the worker's and the router's own logs", () => {
    expect(stack.worker.output).toContain("deployment ended");
    expect(stack.router.output).toContain("router listens");
    expect(findCanaries(canaries, "the worker's log", stack.worker.output)).toEqual([]);
    expect(findCanaries(canaries, "the router's log", stack.router.output)).toEqual([]);
  });

  test("stands in no answer of the API", () => {
    expect(answered.join("\n")).toContain("API_KEY");
    expect(answered.flatMap((answer) => findCanaries(canaries, "an answer", answer))).toEqual([]);
  });

  test("stands in no file of the data folder but what the app itself printed, which only the administrator can read", async () => {
    const files = await listFiles(stack.dataFolder);
    expect(files.some((file) => file.includes("/git/"))).toBe(true);
    const found: string[] = [];
    for (const file of files) {
      const hits = findCanaries(canaries, file, (await readFile(file).catch(() => Buffer.alloc(0))).toString("latin1"));
      const isOwnOutput = /\/apps\/instances\/[^/]+\/output\.log(\.1)?$/.test(file);
      if (isOwnOutput) expect((await stat(file)).mode & 0o077, file).toBe(0);
      else found.push(...hits);
    }
    expect(found).toEqual([]);
  });

  // Processes have neither images nor containers.
  if (runtime === "docker")
    test("stands in no layer, history or label of an image and in no container but as its environment", async () => {
      if ("problem" in engine) throw new Error(engine.problem);
      const docker = engine.engine;
      const { owner } = stack.holdings;
      const images = await createDockerRuntime({ engine: docker, owner }).builder.listOwned(ids.environmentId ?? "");
      expect(images.length).toBeGreaterThan(0);
      for (const { artifact } of images) {
        if (artifact.kind !== "image") throw new Error("Not an image.");
        const image = docker.getImage(artifact.imageId);
        const told = JSON.stringify([await image.history(), await image.inspect()]);
        expect(told).toContain("build.js");
        expect(findCanaries(canaries, artifact.tag, told)).toEqual([]);
      }
      for (const { Id } of await docker.listContainers({
        all: true,
        filters: { label: [`io.windlass.owner=${owner}`] },
      })) {
        const { Config, ...rest } = await docker.getContainer(Id).inspect();
        const { Env, ...config } = Config;
        expect(Env.join("\n")).toContain(variable.value);
        expect(findCanaries(canaries, "a container", JSON.stringify([rest, config]))).toEqual([]);
      }
    });
});

async function readRuntimeLog(db: Stack["ctx"]["db"]): Promise<string> {
  const chunks = await db.runtimeLogChunk.findMany({ orderBy: { firstSeq: "asc" } });
  return chunks.map(({ data }) => unpackLines(data).text.toString()).join("");
}

/** The answer, or the error, of every query, and the first of every subscription. */
async function callEverything(api: object, input: object): Promise<string[]> {
  const procedures = appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>;
  const answers: string[] = [];
  for (const [name, { _def }] of Object.entries(procedures)) {
    if (_def.type === "mutation") continue;
    const procedure = name.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], api);
    try {
      const answer = await (procedure as (input: object) => Promise<unknown>)(input);
      answers.push(`${name} ${JSON.stringify(_def.type === "subscription" ? await firstOf(answer) : answer)}`);
    } catch (error) {
      answers.push(`${name} ${error}`);
    }
  }
  return answers;
}

/** One that follows what is yet to come may have nothing to tell. */
async function firstOf(values: unknown): Promise<unknown> {
  const iterator = (values as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const first = iterator.next().then(({ value }) => value);
  first.catch(() => {});
  return Promise.race([first, sleep(2000, "nothing")]).finally(() => void iterator.return?.().catch(() => {}));
}

/** It echoes what it is given when it is built and when it starts. */
function tellingApp(version: string, isBroken = false): Record<string, string> {
  const files = faultApp(version, { isBroken });
  return { ...files, "server.js": TELL + files["server.js"], "build.js": TELL + files["build.js"] };
}
