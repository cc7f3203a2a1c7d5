import { createTestDatabase, seedEnvironment, type TestDatabase } from "@windlass/db/testing";
import { LogLine, Secret } from "@windlass/domain";
import { createRedactor } from "@windlass/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acquireLease, type Lease } from "../lease/lease.ts";
import { openLogWriter, readStoredLog } from "./log-writer.ts";

let test: TestDatabase;
let lease: Lease;
let deploymentId: string;

beforeAll(async () => {
  test = await createTestDatabase();
  const { db } = test;
  const { team, environment } = await seedEnvironment(db);
  const deployment = await db.deployment.create({
    data: {
      environmentId: environment.id,
      teamId: team.id,
      number: 1,
      kind: "deploy",
      actorKind: "system",
      actorName: "test",
      trigger: "test",
    },
  });
  deploymentId = deployment.id;
  const taken = await acquireLease(db, environment.id, "test", 60_000);
  if (!taken) throw new Error("No lease.");
  lease = taken;
});
afterAll(async () => {
  await lease.release();
  await test.drop();
});

describe("a deployment's log", () => {
  it("says when its limit is reached, keeps the last lines of each step, and goes on so after a restart", async () => {
    const redact = createRedactor([new Secret("canary-canary")]);
    const write = async (step: string, lines: number) => {
      const stored = await readStoredLog(test.db, deploymentId);
      const writer = openLogWriter(lease, deploymentId, stored, redact, 100_000);
      for (let i = 0; i < lines; i++)
        await writer.write(step, "stdout", `${step} ${i} canary-canary ${"x".repeat(80)}`);
      await writer.flush();
    };
    await write("build", 5000);
    await write("start", 3000);
    const chunks = await test.db.logChunk.findMany({ where: { deploymentId }, orderBy: { firstSeq: "asc" } });
    const lines = chunks.flatMap((chunk) => LogLine.array().parse(chunk.lines));
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    const told = lines.filter(({ stream }) => stream === "system").map(({ text }) => text);
    expect(told[0]).toMatch(/reached its limit/);
    expect(told.slice(1)).toEqual([expect.stringMatching(/^[\d,]+ lines left out$/), "2,500 lines left out"]);
    for (const [step, count] of [
      ["build", 5000],
      ["start", 3000],
    ] as const) {
      const numbers = lines.filter((line) => line.step === step && line.stream === "stdout").map(({ text }) => text);
      expect(numbers.slice(-500).map((text) => Number(text.split(" ")[1]))).toEqual(
        Array.from({ length: 500 }, (_, index) => count - 500 + index),
      );
    }
    expect(JSON.stringify(lines)).not.toContain("canary");
  });
});
