import { basename } from "node:path";
import type { CleanUpItem, Held, HeldKind, StoragePicture } from "@windlass/domain";
import { measureDisks } from "@windlass/engine";
import type { Worker } from "../wiring.ts";
import { keyOf, listThings } from "./list-things.ts";
import { type Books, isCache, type Planned, planCleanUp, reasonOf, type Thing } from "./plan-clean-up.ts";
import { readBooks } from "./read-books.ts";

/** What this machine's disks hold, and what of it a clean-up would remove. Changes nothing. */
export async function takePicture(worker: Worker): Promise<StoragePicture> {
  const things = await listThings(worker, { isMeasured: true });
  const books = await readBooks(worker, things);
  const names = await readNames(worker);
  const planned = planCleanUp(things, books, worker.storageBounds, Date.now());
  return {
    disks: await measureDisks(await worker.diskFolders(), worker.leastFreeBytes),
    held: sumUp(things, books),
    removable: planned.map((one) => describe(one, books, names)),
  };
}

function sumUp(things: readonly Thing[], books: Books): Held[] {
  const sums = new Map<string, Held>();
  for (const thing of things) {
    const kind = heldKind(thing, books);
    if (!kind) continue;
    const { use } = thing;
    const sum = sums.get(`${kind} ${use}`) ?? { kind, use, count: 0, bytes: 0 };
    sums.set(`${kind} ${use}`, { ...sum, count: sum.count + 1, bytes: sum.bytes + (thing.bytes ?? 0) });
  }
  return [...sums.values()].toSorted((a, b) => b.bytes - a.bytes);
}

/** Null for what takes next to nothing. */
function heldKind(thing: Thing, books: Books): HeldKind | null {
  if (thing.kind === "instance" || thing.kind === "network" || thing.kind === "build") return null;
  if (reasonOf(thing, books)) return "leftover";
  if (isCache(thing)) return "cache";
  if (thing.kind === "mirror" || thing.kind === "source") return thing.kind;
  return books.releases.get(thing.releaseId ?? "")?.isLive ? "live" : "kept";
}

/** App and environment, for people. */
async function readNames({ db }: Worker): Promise<ReadonlyMap<string, string>> {
  const rows = await db.environment.findMany({ select: { id: true, name: true, app: { select: { name: true } } } });
  // An app may be deleted while it is read.
  return new Map(rows.flatMap(({ id, name, app }) => (app ? [[id, `${app.name}, ${name}`]] : [])));
}

function describe({ thing, reason }: Planned, books: Books, names: ReadonlyMap<string, string>): CleanUpItem {
  const kind = thing.kind as CleanUpItem["kind"];
  return { key: keyOf(thing), kind, name: nameOf(thing, books, names), reason, bytes: thing.bytes ?? 0 };
}

function nameOf(thing: Thing, books: Books, names: ReadonlyMap<string, string>): string {
  const { kind, name, releaseId, environmentId } = thing;
  if (kind === "layer") return `Build layers ${name.replace(/^sha256:/, "").slice(0, 12)}`;
  if (kind === "mirror") return `Repository mirror ${basename(name, ".git").slice(0, 12)}`;
  const release = books.releases.get(releaseId ?? "") ?? books.forgotten.get(releaseId ?? "");
  const deployment = books.deployments.get(releaseId ?? "");
  const where = names.get(environmentId ?? release?.environmentId ?? deployment?.environmentId ?? "");
  if (kind === "cache") return `Package cache of ${where ?? "a deleted environment"}`;
  if (kind === "source")
    return `Fetched source of ${deployment ? `deployment ${deployment.number} of ${where ?? "a deleted environment"}` : "a deleted deployment"}`;
  if (release) return `Release ${release.number} of ${where ?? "a deleted environment"}`;
  if (deployment) return `Deployment ${deployment.number} of ${where ?? "a deleted environment"}`;
  return basename(name);
}
