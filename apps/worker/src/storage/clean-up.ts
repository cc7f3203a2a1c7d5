import type { CleanUpItem, CleanUpOutcome } from "@windlass/domain";
import { forgetRelease } from "../deployment/release-history.ts";
import { acquireLease, type Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import { keyOf, listThings, removeThing } from "./list-things.ts";
import { type Books, isCache, reasonOf, type Thing } from "./plan-clean-up.ts";
import { readBooks } from "./read-books.ts";
import { whileNobodyBuilds } from "./while-nobody-builds.ts";

/**
 * Removes of these items what may still go at that moment, and tells what became of each. What an environment has is
 * removed under its lease, so no deployment is about to use it: `own` is the lease that the caller holds already. Safe to
 * run again after a crash.
 */
export async function cleanUp(
  worker: Worker,
  items: readonly CleanUpItem[],
  { own, signal }: { own: Lease | null; signal: AbortSignal },
): Promise<CleanUpOutcome[]> {
  const keys = new Set(items.map(({ key }) => key));
  const things = (await listThings(worker, { isMeasured: false })).filter((thing) => keys.has(keyOf(thing)));
  const books = await readBooks(worker, things);
  const kept = new Map<string, string>();
  const keep = (some: readonly Thing[], why: string) => {
    for (const thing of some) kept.set(keyOf(thing), why);
  };
  const layers = things.filter(({ kind }) => kind === "layer");
  const byEnvironment = Map.groupBy(
    things.filter(({ kind }) => kind !== "layer"),
    (thing) => environmentOf(thing, books),
  );
  for (const [environmentId, some] of byEnvironment) {
    if (signal.aborted) break;
    if (environmentId === null) await removeLoose(worker, some, keep, signal);
    else await removeOfEnvironment(worker, environmentId, some, { own, keep, signal });
  }
  if (!(await removeLayers(worker, layers, own, signal))) keep(layers, "A build is under way.");
  const present = new Set((await listThings(worker, { isMeasured: false })).map(keyOf));
  return items.map((item) => {
    const isRemoved = !present.has(item.key);
    return { ...item, isRemoved, kept: isRemoved ? null : (kept.get(item.key) ?? "Something still uses it.") };
  });
}

/** Null for what belongs to no environment that there is, and for sources, which nobody uses once their deployment has ended. */
function environmentOf({ kind, environmentId, releaseId }: Thing, books: Books): string | null {
  if (kind === "source" || kind === "mirror") return null;
  const id = releaseId ?? "";
  const named = books.releases.get(id) ?? books.forgotten.get(id) ?? books.deployments.get(id);
  const found = environmentId ?? named?.environmentId ?? null;
  return found !== null && books.environments.has(found) ? found : null;
}

type Keep = (some: readonly Thing[], why: string) => void;

const NEEDED = "It is needed again.";

async function removeLoose(worker: Worker, things: readonly Thing[], keep: Keep, signal: AbortSignal): Promise<void> {
  const books = await readBooks(worker, things);
  for (const thing of things) {
    if (signal.aborted) return;
    if (thing.kind === "mirror" || reasonOf(thing, books)) await removeThing(worker, thing);
    else keep([thing], NEEDED);
  }
}

async function removeOfEnvironment(
  worker: Worker,
  environmentId: string,
  things: readonly Thing[],
  { own, keep, signal }: { own: Lease | null; keep: Keep; signal: AbortSignal },
): Promise<void> {
  const isOwn = own?.environmentId === environmentId;
  const lease = isOwn ? own : await acquireLease(worker.db, environmentId, worker.holder, worker.leaseMs);
  const isBusy = async () =>
    !isOwn && (await worker.db.deployment.count({ where: { environmentId, status: "running" } })) > 0;
  try {
    if (!lease || (await isBusy())) return keep(things, "A deployment of its environment is under way.");
    const books = await readBooks(worker, things);
    for (const thing of things) {
      if (signal.aborted || lease.lost.aborted) return;
      if (!isCache(thing) && !reasonOf(thing, books)) keep([thing], NEEDED);
      else if (!(await forget(thing, books, lease))) keep([thing], "Somebody wants to roll back to it.");
      else {
        await lease.confirm();
        await removeThing(worker, thing);
      }
    }
  } finally {
    if (!isOwn) await lease?.release();
  }
}

/** From here on nobody can ask for the release; false when somebody did before. */
const forget = async ({ releaseId }: Thing, books: Books, lease: Lease): Promise<boolean> =>
  releaseId === null || !books.releases.has(releaseId) || lease.write((tx) => forgetRelease(tx, releaseId));

const BATCH_MS = 1000;

/** A build that is under way may be about to go on from any of them. False when there is one. */
async function removeLayers(
  worker: Worker,
  layers: readonly Thing[],
  own: Lease | null,
  signal: AbortSignal,
): Promise<boolean> {
  const left = [...layers];
  while (left.length > 0 && !signal.aborted) {
    // Whoever wants to build waits meanwhile.
    const until = performance.now() + BATCH_MS;
    const isDone = await whileNobodyBuilds(worker, own, async (confirm) => {
      while (left.length > 0 && performance.now() < until && !signal.aborted) {
        await confirm();
        const [layer] = left.splice(0, 1);
        if (layer) await removeThing(worker, layer);
      }
    });
    if (!isDone) return false;
  }
  return true;
}
