import { EnvironmentConfig, type RuntimeKind } from "@windlass/domain";
import { expect, vi } from "vitest";
import { readHeld } from "./holdings.ts";
import { ask } from "./probe-host.ts";
import type { Stack } from "./start-stack.ts";

/**
 * The users' app answers with what the database names as live, and what the engine, the processes and the disk hold is
 * what the database accounts for: the live release's instances and those of one that stays warm, the kept releases, one
 * network, nothing else. What is warm for too long goes, and what is amiss is set right, a moment after a deployment.
 */
export function expectTruth(stack: Stack, app: TruthfulApp, versions: ReadonlyMap<string, string>): Promise<void> {
  return vi.waitFor(() => compare(stack, app, versions), { timeout: SETTLED_WITHIN_MS, interval: 100 });
}

const SETTLED_WITHIN_MS = 15_000;

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
  expect(await db.instance.count({ where: due }), "instances that are due to be cooled").toBe(0);
  const present = await db.instance.findMany({
    where: { status: { not: "stopped" }, release: { environmentId } },
  });
  const live = present.filter(({ status }) => status !== "warm");
  const isLive = expect.objectContaining({ releaseId: currentRelease?.id, status: "running" });
  expect(live).toEqual(Array.from({ length: EnvironmentConfig.parse(config).instances }, () => isLive));
  const body = versions.get(currentRelease?.commitSha ?? "");
  expect(await ask(routerPort, app.host)).toEqual({ status: 200, body });
  expect(await readHeld({ ...holdings, runtime: app.runtime }, environmentId)).toEqual({
    instances: present.map(({ name }) => name).sort(),
    releases: releases.map(({ id }) => id).sort(),
    networks: app.runtime === "docker" ? [environmentId] : [],
    strays: [],
  });
}
