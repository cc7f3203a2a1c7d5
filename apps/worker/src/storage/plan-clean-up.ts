import type { CleanUpReason, DiskUse } from "@windlass/domain";
import type { OwnedThing } from "@windlass/engine";

/** A thing of this owner, and what it lies with on a disk. */
export interface Thing extends OwnedThing {
  use: DiskUse;
}

/** What the rows say of things. Read after the things were listed: a row is there before what it is about. */
export interface Books {
  environments: ReadonlySet<string>;
  /** Every release that was not cleaned up; whether it is kept, live ones and those that are wanted included */
  releases: ReadonlyMap<string, { environmentId: string; number: number; isLive: boolean; isKept: boolean }>;
  /** Of those that things tell of, the ones that were */
  forgotten: ReadonlyMap<string, { environmentId: string; number: number }>;
  /** The deployments that things tell of */
  deployments: ReadonlyMap<string, { environmentId: string; number: number; isEnded: boolean }>;
}

export interface Bounds {
  mirrorDays: number;
  mirrorBytes: number;
  cacheDays: number;
  cacheBytes: number;
}

/** What was used so lately may be in use now: a fetch has half an hour, while layers are safe from builds by other means. */
const recentMs = ({ kind }: Thing): number => (kind === "mirror" ? 40 : 5) * 60_000;
const DAY_MS = 86_400_000;

export interface Planned {
  thing: Thing;
  reason: CleanUpReason;
}

/** What may go, and why. Everything else stays: what is kept, live or being made, and what is not understood. */
export function planCleanUp(things: readonly Thing[], books: Books, bounds: Bounds, now: number): Planned[] {
  const caches = things.filter((thing) => isCache(thing) && !isOfDeleted(thing, books));
  const mirrors = things.filter(({ kind }) => kind === "mirror");
  return [
    ...things.flatMap((thing) => {
      const reason = reasonOf(thing, books);
      return reason ? [{ thing, reason }] : [];
    }),
    ...pastBound(caches, bounds.cacheDays, bounds.cacheBytes, now, "cache_past_bound", "cache_past_bound"),
    ...pastBound(mirrors, bounds.mirrorDays, bounds.mirrorBytes, now, "unused_mirror", "mirrors_past_bound"),
  ];
}

/** Why a thing may go whatever its age and size; null for what stays, or is only bounded. */
export function reasonOf(thing: Thing, books: Books): CleanUpReason | null {
  const { kind, releaseId } = thing;
  if (isCache(thing)) return isOfDeleted(thing, books) ? "environment_deleted" : null;
  if ((kind !== "image" && kind !== "folder" && kind !== "source") || !releaseId || !isUuid(releaseId)) return null;
  if (books.deployments.get(releaseId)?.isEnded === false) return null;
  if (kind === "source") return "killed_build";
  const release = books.releases.get(releaseId);
  if (release) return release.isKept ? null : "past_kept";
  if (books.forgotten.has(releaseId)) return "past_kept";
  return books.deployments.has(releaseId) ? "killed_build" : "environment_deleted";
}

export const isCache = ({ kind }: Thing): boolean => kind === "cache" || kind === "layer";

const isOfDeleted = ({ environmentId }: Thing, { environments }: Books): boolean =>
  environmentId !== null && isUuid(environmentId) && !environments.has(environmentId);

/** The oldest first: past their days, past the bound for all together, and those that could go. */
function pastBound(
  things: readonly Thing[],
  days: number,
  mostBytes: number,
  now: number,
  tooOld: CleanUpReason,
  tooMany: CleanUpReason,
): Planned[] {
  const ageOf = ({ usedAt }: Thing) => now - (usedAt?.getTime() ?? now);
  let left = things.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  return things
    .filter((thing) => ageOf(thing) > recentMs(thing))
    .toSorted((a, b) => ageOf(b) - ageOf(a))
    .map((thing) => {
      const isTooOld = ageOf(thing) > days * DAY_MS;
      const isTooMany = left > mostBytes;
      if (isTooOld || isTooMany) left -= thing.bytes ?? 0;
      return { thing, reason: isTooOld ? tooOld : isTooMany ? tooMany : "filled_again" };
    });
}

export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
