import { requestDeployment } from "@windlass/api/operations";
import type { RuntimeKind } from "@windlass/domain";
import { findDockerEngine } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultConfig } from "../stack/fault-app.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { readRuntimeLog, talkingApp } from "../stack/talking-app.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";
import { waitFor } from "../stack/wait-for.ts";

// What an app writes while the worker is killed, frozen and cut off from the database is in the log afterwards: every
// line, once, in order.

const LEASE_MS = 2000;
const CASE = { timeout: 120_000, concurrent: false };
const SECRET = "canary-of-the-runtime-log";

const engine = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.concurrent.each<{ runtime: RuntimeKind; tag: string }>([
  { runtime: "docker", tag: " [needs docker]" },
  { runtime: "process", tag: "" },
])("the log of an app, on the $runtime runtime$tag", ({ runtime }) => {
  const isMissing = runtime === "docker" && "problem" in engine;
  const test = isMissing ? it.skip : it;
  let stack: Stack;
  let repository: TestRepository;
  let environmentId: string;

  beforeAll(async () => {
    if (isMissing) return;
    repository = createTestRepository();
    stack = await startStack({ runtime, leaseMs: LEASE_MS, repositories: [repository.folder] });
    const app = await stack.createApp({
      name: "talker",
      url: repository.url,
      config: faultConfig(runtime),
      variables: [{ key: "API_KEY" as never, value: SECRET, isSecret: true }],
    });
    environmentId = app.environment.id;
    repository.push(talkingApp());
    const { environment } = app;
    const id = await requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });
    expect(await stack.awaitEnd(id)).toMatchObject({ status: "succeeded" });
  });

  afterAll(async () => {
    await stack?.stop();
    repository?.remove();
  });

  const readLines = () => readRuntimeLog(stack, environmentId);

  const newest = async () =>
    Number((await readLines()).findLast((line) => line.startsWith("line "))?.split(" ")[1] ?? -1);

  /** Until lines come that were not there before. */
  async function moreLines(): Promise<void> {
    const before = await newest();
    await waitFor("more lines", async () => (await newest()) > before + 50, { withinMs: 60_000, everyMs: 100 });
  }

  test("has every line once and in order, through killed and frozen workers and a lost database", CASE, async () => {
    await moreLines();
    const heir = stack.addWorker("heir");
    await heir.start();
    await stack.worker.kill();
    await moreLines();
    heir.freeze();
    await stack.worker.start();
    await moreLines();
    heir.thaw();
    await stack.ctx.db.$queryRaw`
      select count(pg_terminate_backend(pid)) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.catch(() => {});
    await moreLines();
    await heir.kill();
    const lines = await readLines();
    const numbers = lines.filter((line) => line.startsWith("line ")).map((line) => Number(line.split(" ")[1]));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index));
    expect(lines.filter((line) => /missing/.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("starting"))).toHaveLength(1);
  });

  test("has no secret, not even one that lies where a long line is split", CASE, async () => {
    const lines = await waitFor("the long line", async () => {
      const all = await readLines();
      return all.some((line) => line.startsWith("long ")) && all;
    });
    expect(lines.join("")).not.toContain("canary");
    expect(lines.join("")).toContain(`yy[redacted]zz`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(16_384);
  });

  test("keeps the newest within its budget", CASE, async () => {
    const { db } = stack.ctx;
    // Of long ago, it goes; what came since stays.
    const old = await db.runtimeLogChunk.findFirstOrThrow({ where: { environmentId }, orderBy: { firstSeq: "asc" } });
    await db.runtimeLogChunk.update({
      where: { environmentId_firstSeq: { environmentId, firstSeq: old.firstSeq } },
      data: { fromAt: new Date(0), toAt: new Date(0) },
    });
    await db.environment.update({ where: { id: environmentId }, data: { logDays: 1 } });
    await waitFor("the old lines to go", async () => {
      const first = await db.runtimeLogChunk.findFirst({ where: { environmentId }, orderBy: { firstSeq: "asc" } });
      return first !== null && first.firstSeq === old.lastSeq + 1n;
    });
  });
});
