import { writeAudit } from "@windlass/api/operations";
import { RuntimeKind } from "@windlass/domain";
import type { OwnedThing } from "@windlass/engine";
import type { Worker } from "../wiring.ts";

/** Longer than any row comes after what it is about. */
const GRACE_MS = 120_000;
const SYSTEM = { kind: "system", id: null, name: "Windlass" } as const;

/**
 * Removes what is marked as ours and belongs to an environment or deployment that no row tells of. `firstSeen` remembers
 * since when, from one round to the next; what an environment has is reconciled under its lease instead.
 */
export async function removeUnexplained(worker: Worker, firstSeen: Map<string, number>): Promise<void> {
  const { db, log } = worker;
  const left = new Map<string, () => Promise<void>>();
  const known = new Set((await db.environment.findMany({ select: { id: true } })).map(({ id }) => id));
  for (const kind of RuntimeKind.options) {
    const adapters = worker.runtimeOf(kind);
    if ("problem" in adapters) continue;
    const things = await adapters.inventory.list();
    const releases = await knownReleases(worker, things);
    for (const thing of things) {
      if (!isExplained(thing, known, releases))
        left.set(`${thing.kind} ${thing.name}`, () => adapters.inventory.remove(thing));
    }
  }
  const working = await db.deployment.findMany({
    where: { status: { in: ["queued", "running"] } },
    select: { id: true },
  });
  for (const id of await worker.workspace.list()) {
    if (!working.some((row) => row.id === id))
      left.set(`source of deployment ${id}`, () => worker.workspace.remove(id));
  }
  const now = Date.now();
  for (const name of firstSeen.keys()) if (!left.has(name)) firstSeen.delete(name);
  for (const [name, remove] of left) {
    const since = firstSeen.get(name) ?? now;
    firstSeen.set(name, since);
    if (now - since < GRACE_MS) continue;
    await remove();
    firstSeen.delete(name);
    await db.$transaction((tx) =>
      writeAudit(tx, SYSTEM, { teamId: null, action: "leftover.removed", subject: name.slice(0, 300) }),
    );
    log.info({ name }, "removed what no row accounts for");
  }
}

/** Images tell their release, not their environment. */
async function knownReleases({ db }: Worker, things: readonly OwnedThing[]): Promise<ReadonlySet<string>> {
  const ids = things.flatMap(({ releaseId }) => (releaseId && isUuid(releaseId) ? [releaseId] : []));
  const [releases, deployments] = await Promise.all([
    db.release.findMany({ where: { id: { in: ids } }, select: { id: true } }),
    db.deployment.findMany({ where: { id: { in: ids } }, select: { id: true } }),
  ]);
  return new Set([...releases, ...deployments].map(({ id }) => id));
}

function isExplained(thing: OwnedThing, environments: ReadonlySet<string>, releases: ReadonlySet<string>): boolean {
  const { kind, environmentId, releaseId } = thing;
  if (kind === "build") return false;
  if (environmentId !== null) return environments.has(environmentId) || !isUuid(environmentId);
  return releaseId === null || releases.has(releaseId);
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
