import type { Prisma } from "@windlass/db";
import type { RuntimeLogFilter, RuntimeLogLine } from "@windlass/domain";
import type { RuntimeLogPage } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { matchApart } from "./match-apart.ts";
import { matchLines, type StoredChunk } from "./match-lines.ts";

/** An environment that was loaded for the caller's team. */
export interface LoggedEnvironment {
  id: string;
  teamId: string;
}

export interface PageRequest {
  filter: RuntimeLogFilter;
  /** Lines before this number, newest first; or after it, oldest first; without either the newest */
  before?: number | undefined;
  after?: number | undefined;
  limit: number;
}

const CHUNKS_AT_ONCE = 16;
const SEARCH_MS = 1500;
/** Packed; some ten times as much unpacked */
const SEARCH_BYTES = 8 * 1024 * 1024;
const BITS = { stdout: 1, stderr: 2 } as const;

/**
 * Lines of a runtime log from a place on, in order. A search that finds little ends after a while and says how far it
 * came: whoever wants more asks again from there.
 */
export async function readRuntimeLog(
  { db }: Pick<Services, "db">,
  environment: LoggedEnvironment,
  { filter, before, after, limit }: PageRequest,
): Promise<RuntimeLogPage> {
  const log = await db.runtimeLog.findUnique({ where: { environmentId: environment.id }, select: { lastSeq: true } });
  const lastSeq = Number(log?.lastSeq ?? 0);
  const isForward = after !== undefined;
  const began = performance.now();
  let bytes = 0;
  let place = isForward ? after : (before ?? lastSeq + 1);
  let lines: RuntimeLogLine[] = [];
  let reachedAt: number | null = null;
  for (;;) {
    const rows = await readChunks(db, environment.id, filter, isForward ? { after: place } : { before: place });
    // Whole chunks: a page may be longer than asked for, and never leaves a line out.
    for (const row of rows) {
      const range = isForward ? { after: place } : { before: place };
      const found = await match(environment, [row], filter, range);
      lines = isForward ? [...lines, ...found] : [...found, ...lines];
      place = isForward ? row.lastSeq : row.firstSeq;
      reachedAt = isForward ? row.toAt.getTime() : row.fromAt.getTime();
      bytes += row.data.length;
      if (lines.length >= limit) break;
    }
    const isEnd = rows.length < CHUNKS_AT_ONCE && lines.length < limit;
    const isLong = bytes >= SEARCH_BYTES || performance.now() - began >= SEARCH_MS;
    if (isEnd || isLong || lines.length >= limit) {
      const { kept, next } = cut(lines, place, limit, isForward);
      return { lines: kept, next: isEnd && kept.length === lines.length ? null : next, reachedAt, lastSeq };
    }
  }
}

/** Not more than asked for: what is cut off is read again from its place. */
function cut(lines: RuntimeLogLine[], place: number, limit: number, isForward: boolean) {
  if (lines.length <= limit) return { kept: lines, next: place };
  const kept = isForward ? lines.slice(0, limit) : lines.slice(-limit);
  return { kept, next: (isForward ? kept.at(-1)?.seq : kept[0]?.seq) ?? place };
}

/** Plain lines cost little; what searches may cost much and runs apart. */
export function match(
  { teamId }: Pick<LoggedEnvironment, "teamId">,
  chunks: StoredChunk[],
  filter: RuntimeLogFilter,
  range: { after?: number; before?: number },
): Promise<RuntimeLogLine[]> | RuntimeLogLine[] {
  return filter.text === "" ? matchLines(chunks, filter, range) : matchApart(teamId, { chunks, filter, range });
}

export async function readChunks(
  db: Services["db"],
  environmentId: string,
  filter: RuntimeLogFilter,
  range: { after: number } | { before: number },
) {
  const where: Prisma.RuntimeLogChunkWhereInput = {
    environmentId,
    ...("after" in range ? { lastSeq: { gt: range.after } } : { firstSeq: { lt: range.before } }),
    ...(filter.instance === undefined ? {} : { instance: filter.instance }),
    ...(filter.releaseId === undefined ? {} : { releaseId: filter.releaseId }),
    ...(filter.stream === undefined ? {} : { streams: { in: havingBit(BITS[filter.stream]) } }),
    ...(filter.from === undefined ? {} : { toAt: { gte: new Date(filter.from) } }),
    ...(filter.until === undefined ? {} : { fromAt: { lte: new Date(filter.until) } }),
  };
  const rows = await db.runtimeLogChunk.findMany({
    where,
    orderBy: { firstSeq: "after" in range ? "asc" : "desc" },
    take: CHUNKS_AT_ONCE,
  });
  return rows.map((row) => ({ ...row, firstSeq: Number(row.firstSeq), lastSeq: Number(row.lastSeq) }));
}

const havingBit = (bit: number): number[] => [1, 2, 3, 4, 5, 6, 7].filter((bits) => (bits & bit) !== 0);

/** The number of the first line that was written at a time or after it; null when there is none. */
export async function locateTime(
  { db }: Pick<Services, "db">,
  environment: LoggedEnvironment,
  at: number,
): Promise<number | null> {
  const row = await db.runtimeLogChunk.findFirst({
    where: { environmentId: environment.id, toAt: { gte: new Date(at) } },
    orderBy: { firstSeq: "asc" },
  });
  if (!row) return null;
  const chunk = { ...row, firstSeq: Number(row.firstSeq) };
  const lines = matchLines([chunk], { text: "", isRegex: false, from: at });
  return lines[0]?.seq ?? Number(row.lastSeq);
}
