import { requestRollback } from "@windlass/api/operations";
import { DomainError, toDomainError } from "@windlass/domain";
import type { Worker } from "../wiring.ts";
import { hasNewer } from "./has-newer.ts";

const TRIGGER = "bake";
const BY = { kind: "system", id: null, name: "Windlass" } as const;

/**
 * Brings the release before back, as a deployment of its own. Safe to run twice: a worker that died in between left the
 * deployment, which is found again. What came back is not watched, so nothing goes to and fro.
 */
export async function revertBake(worker: Worker, deploymentId: string): Promise<void> {
  const { db } = worker;
  const bake = await db.bake.findUniqueOrThrow({ where: { deploymentId } });
  if (bake.state !== "reverting") return;
  const end = (state: "reverted" | "ended", change: { reason?: string; revertId?: string } = {}) =>
    db.bake.updateMany({
      where: { deploymentId, state: "reverting" },
      data: { ...change, state, endedAt: new Date() },
    });
  const environment = await db.environment.findUniqueOrThrow({ where: { id: bake.environmentId } });
  const asked = await db.deployment.findFirst({
    where: { environmentId: bake.environmentId, id: { gt: deploymentId }, trigger: TRIGGER },
    orderBy: { id: "asc" },
  });
  if (asked) return void (await end("reverted", { revertId: asked.id }));
  if (environment.currentReleaseId !== bake.releaseId || environment.stoppedAt) {
    return void (await end("ended", { reason: `${bake.reason} It was no longer live by then.` }));
  }
  // Its end decides whether there is still something to turn back.
  if (await hasNewer(worker, bake)) return;
  try {
    const target = await releaseToReturnTo(worker, bake);
    const revertId = await requestRollback({ ...worker.services, actor: BY }, environment, target, TRIGGER);
    await end("reverted", { revertId });
    worker.log.info({ deploymentId, revertId, reason: bake.reason }, "release turned back");
  } catch (thrown) {
    const error = toDomainError(thrown);
    if (error.code === "unexpected") throw thrown;
    await end("ended", { reason: `${bake.reason} It could not be turned back: ${error.message}` });
  }
}

/** The release before, or the newest that is still kept. */
async function releaseToReturnTo(
  { db }: Worker,
  bake: { environmentId: string; releaseId: string; previousReleaseId: string },
): Promise<string> {
  const kept = await db.release.findMany({
    where: { environmentId: bake.environmentId, removedAt: null, id: { not: bake.releaseId } },
    orderBy: { number: "desc" },
    select: { id: true },
  });
  const target = kept.find(({ id }) => id === bake.previousReleaseId) ?? kept[0];
  if (!target) throw new DomainError("not_found", "No earlier release is kept. Correct the app and deploy again.");
  return target.id;
}
