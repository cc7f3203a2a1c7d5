import { type TrackedEnvelope, tracked } from "@trpc/server";
import type { RuntimeLogFilter } from "@windlass/domain";
import { shareRead } from "../../live/share-reads.ts";
import type { RuntimeLogBatch } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { type LoggedEnvironment, match, readChunks } from "./read-runtime-log.ts";

/** A viewer this many lines behind is led to the end: nobody reads 100,000 lines a second. They stay in the log. */
const MOST_BEHIND = 20_000;
const SHOWN_AFTER_SKIP = 1000;
/** A resumed search need not start again at the last line it found. */
const TELL_EVERY = 5000;

/**
 * The lines after `after` that a filter lets through, and what is added, without end. Chunks are the truth, the
 * notification only says to read; a slow consumer makes the next read come later and nothing pile up.
 */
export async function* followRuntimeLog(
  { db, live }: Pick<Services, "db" | "live">,
  environment: LoggedEnvironment,
  filter: RuntimeLogFilter,
  after: number | null,
  signal: AbortSignal,
): AsyncGenerator<TrackedEnvelope<RuntimeLogBatch>, void, undefined> {
  const watch = live.watch([`runtime-log:${environment.id}`], signal);
  let last = after ?? (await newestSeq(db, environment.id));
  let told = last;
  const key = `runtime ${environment.id} ${JSON.stringify(filter)}`;
  try {
    while (await watch.next()) {
      for (;;) {
        const from = last;
        const part = await shareRead(db, `${key} ${from}`, () => readPart(db, environment, filter, from));
        last = part.batch.lastSeq;
        if (part.batch.lines.length > 0 || part.batch.skipped > 0 || last - told >= TELL_EVERY) {
          told = last;
          yield tracked(String(last), part.batch);
        }
        if (!part.hasMore || signal.aborted) break;
      }
    }
  } finally {
    watch.close();
  }
}

async function newestSeq(db: Services["db"], environmentId: string): Promise<number> {
  const log = await db.runtimeLog.findUnique({ where: { environmentId }, select: { lastSeq: true } });
  return Number(log?.lastSeq ?? 0);
}

/** One object for all viewers at this place. */
async function readPart(
  db: Services["db"],
  environment: LoggedEnvironment,
  filter: RuntimeLogFilter,
  after: number,
): Promise<{ batch: RuntimeLogBatch; hasMore: boolean }> {
  const newest = await newestSeq(db, environment.id);
  const isTooFar = newest - after > MOST_BEHIND;
  const from = isTooFar ? newest - SHOWN_AFTER_SKIP : after;
  const rows = newest > from ? await readChunks(db, environment.id, filter, { after: from }) : [];
  const lines = rows.length > 0 ? await match(environment, rows, filter, { after: from }) : [];
  // Read before the chunks: up to there everything was looked at, also what the filter left in the database.
  const hasMore = rows.length > 0 && (rows.at(-1)?.lastSeq ?? 0) < newest && rows.length >= 16;
  const lastSeq = hasMore ? (rows.at(-1)?.lastSeq ?? newest) : Math.max(newest, rows.at(-1)?.lastSeq ?? 0);
  return { batch: { lines, lastSeq, skipped: isTooFar ? from - after : 0 }, hasMore };
}
