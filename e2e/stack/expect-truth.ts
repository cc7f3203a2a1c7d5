import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvironmentConfig, type RuntimeKind } from "@windlass/domain";
import { readHeld } from "./holdings.ts";
import { ask } from "./probe-host.ts";
import type { Stack } from "./start-stack.ts";

/**
 * The users' app answers with what the database names as live, and what the engine, the processes and the disk hold is
 * what the database accounts for: the live release's instances and those of one that stays warm, the kept releases, one
 * network, nothing else. What is warm for too long goes, and what is amiss is set right, a moment after a deployment.
 */
export async function expectTruth(
  stack: Stack,
  app: TruthfulApp,
  versions: ReadonlyMap<string, string>,
): Promise<void> {
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    try {
      return await compare(stack, app, versions);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

const SETTLED_WITHIN_MS = 45_000;
const LOOK_EVERY_MS = 100;

type TruthfulApp = { environment: { id: string }; host: string; runtime: RuntimeKind };

async function compare(
  { ctx: { db }, holdings, routerPort }: Stack,
  app: TruthfulApp,
  /** What a release answers, by its commit */
  versions: ReadonlyMap<string, string>,
): Promise<void> {
  const environmentId = app.environment.id;
  const { currentRelease, releases, config } = await db.environment.findUniqueOrThrow({
    where: { id: environmentId },
    include: { currentRelease: true, releases: { where: { removedAt: null } } },
  });
  const due = { warmUntil: { lte: new Date() }, release: { environmentId } };
  assert.equal(await db.instance.count({ where: due }), 0, "Instances are due to be cooled.");
  const present = await db.instance.findMany({
    where: { status: { not: "stopped" }, release: { environmentId } },
  });
  const live = present.filter(({ status }) => status !== "warm");
  const isLive = { releaseId: currentRelease?.id, status: "running" };
  assert.deepEqual(
    live.map(({ releaseId, status }) => ({ releaseId, status })),
    Array.from({ length: EnvironmentConfig.parse(config).instances }, () => isLive),
  );
  const body = versions.get(currentRelease?.commitSha ?? "");
  assert.deepEqual(await ask(routerPort, app.host), { status: 200, body });
  assert.deepEqual(await readHeld({ ...holdings, runtime: app.runtime }, environmentId), {
    instances: present.map(({ name }) => name).sort(),
    releases: releases.map(({ id }) => id).sort(),
    networks: app.runtime === "docker" ? [environmentId] : [],
    strays: [],
  });
}
