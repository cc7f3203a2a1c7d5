import {
  BakeFigures,
  type BakeLook,
  BakeSeen,
  EnvironmentConfig,
  judgeBake,
  type TargetCounts,
} from "@windlass/domain";
import { checkInstance } from "@windlass/engine";
import { instanceOf } from "../deployment/load-release.ts";
import type { Worker } from "../wiring.ts";
import { hasNewer } from "./has-newer.ts";
import { revertBake } from "./revert-bake.ts";

/** Of the new release; a bad stretch must not be thinned out by a good one long ago. */
const WINDOW_SECONDS = 30;
/** Of the one before */
const BEFORE_SECONDS = 120;

type BakeRow = Awaited<ReturnType<typeof loadBake>>;

const loadBake = ({ db }: Worker, deploymentId: string) =>
  db.bake.findUniqueOrThrow({
    where: { deploymentId },
    include: {
      deployment: {
        include: { environment: { include: { routes: true, currentRelease: { include: { instances: true } } } } },
      },
    },
  });

/**
 * Looks once at a release that is being watched: judges it, and ends the watch when its time is over or it is live no
 * more. While something newer is under way nothing is judged; one that fails, or restarts the same release, ends no watch.
 */
export async function lookAtBake(worker: Worker, deploymentId: string): Promise<void> {
  const bake = await loadBake(worker, deploymentId);
  if (bake.state !== "watching") return;
  const { currentRelease: release, stoppedAt } = bake.deployment.environment;
  if (release?.id !== bake.releaseId || stoppedAt) {
    return endBake(worker, bake, "ended", "This release is no longer live.");
  }
  if (await hasNewer(worker, bake)) return;

  const before = bake.before
    ? BakeFigures.parse(bake.before)
    : await figuresOf(worker, bake, bake.previousReleaseId, BEFORE_SECONDS);
  const { seen, reason } = judgeBake(before, BakeSeen.parse(bake.seen), await look(worker, bake, release));
  const data = { seen, ...(before ? { before } : {}) };
  if (reason !== null) {
    const taken = await worker.db.bake.updateMany({
      where: { deploymentId, state: "watching" },
      data: { ...data, state: "reverting", reason },
    });
    if (taken.count > 0) await revertBake(worker, deploymentId);
    return;
  }
  await worker.db.bake.updateMany({ where: { deploymentId, state: "watching" }, data });
  if (bake.endsAt <= new Date()) await endBake(worker, bake, "passed", "Nothing went wrong while it was watched.");
}

async function endBake(
  { db }: Worker,
  { deploymentId }: BakeRow,
  state: "ended" | "passed",
  reason: string,
): Promise<void> {
  await db.bake.updateMany({
    where: { deploymentId, state: "watching" },
    data: { state, reason, endedAt: new Date() },
  });
}

type LiveRelease = NonNullable<BakeRow["deployment"]["environment"]["currentRelease"]>;

async function look(worker: Worker, bake: BakeRow, release: LiveRelease): Promise<BakeLook> {
  const { db, shutdown } = worker;
  const running = release.instances.filter(({ status }) => status === "running");
  const now = await figuresOf(worker, bake, release.id, Math.min(WINDOW_SECONDS, secondsSince(bake.startedAt)));
  const adapters = worker.runtimeOf(release.runtime);
  // An engine that does not answer is no fault of the release.
  const earlier = BakeSeen.parse(bake.seen);
  if ("problem" in adapters) return { now, restarts: earlier.restarts, isRunning: true, probe: null };
  const { health } = EnvironmentConfig.parse(release.config);
  const host = bake.deployment.environment.routes[0]?.host ?? "localhost";
  let restarts = 0;
  let isRunning = running.length > 0;
  let probed: BakeLook["probe"] = null;
  for (const row of running) {
    const state = await adapters.runtime.inspect(row.name);
    if (state.state !== "missing") restarts += state.restarts;
    if (state.state !== "running") {
      isRunning = false;
      continue;
    }
    const runningMs = Date.now() - row.startedAt.getTime();
    const request = { instance: instanceOf(row), check: health, host, runningMs, signal: shutdown };
    const result = await checkInstance(adapters.examiner, request);
    if (!result.isPending && (!probed || !result.isHealthy)) probed = result;
  }
  // What no engine starts again by itself, the reconciler does.
  const revived = await db.finding.findMany({
    where: { environmentId: bake.environmentId, kind: "instance_down", foundAt: { gt: bake.startedAt } },
  });
  restarts += revived.reduce((sum, { tries }) => sum + tries, 0);
  return { now, restarts, isRunning, probe: probed };
}

const secondsSince = (at: Date): number => Math.floor((Date.now() - at.getTime()) / 1000);

/** What the router counted of a release's targets, or null when it does not say. */
async function figuresOf(
  { router }: Worker,
  { environmentId }: BakeRow,
  releaseId: string,
  seconds: number,
): Promise<BakeFigures | null> {
  const windowSeconds = Math.max(1, seconds);
  const table = await router.table({ service: environmentId, windowSeconds }).catch(() => null);
  const counts = table?.services[0]?.counts.filter(({ targetId }) => targetId.startsWith(`${releaseId}:`)) ?? [];
  return counts.length === 0 ? null : sumUp(counts);
}

function sumUp(counts: readonly TargetCounts[]): BakeFigures | null {
  const windows = counts.flatMap(({ window }) => (window ? [window] : []));
  if (windows.length === 0) return null;
  return {
    seconds: Math.max(...windows.map(({ seconds }) => seconds)),
    requests: windows.reduce((sum, { requests }) => sum + requests, 0),
    errors: windows.reduce((sum, { unanswered, serverErrors }) => sum + unanswered + serverErrors, 0),
    p95Ms: Math.max(...windows.map(({ p95Ms }) => p95Ms)),
  };
}
