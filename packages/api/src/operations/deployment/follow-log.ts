import { type TrackedEnvelope, tracked } from "@trpc/server";
import { isEnded, LogLine } from "@windlass/domain";
import { shareRead } from "../../live/share-reads.ts";
import type { LogBatch } from "../../schemas.ts";
import type { Services } from "../../services.ts";

/** Chunks read at a time: some thousand lines, so that one slow reader never holds a whole log in memory. */
const CHUNKS_AT_ONCE = 16;

/**
 * The log after sequence number `after`, then what is added, until the deployment has ended. Chunks in Postgres are the
 * truth, the notification only says to read; a slow consumer makes the next read come later and nothing pile up.
 */
export async function* followLog(
  { db, live }: Pick<Services, "db" | "live">,
  deploymentId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<TrackedEnvelope<LogBatch>, void, undefined> {
  const watch = live.watch([`log:${deploymentId}`, `deployment:${deploymentId}`], signal);
  let last = after;
  try {
    while (await watch.next()) {
      for (;;) {
        const { lines, lastSeq, isEnd, hasMore } = await readTogether(db, deploymentId, last);
        last = lastSeq;
        if (lines.length > 0 || isEnd) yield tracked(String(last), { lines, lastSeq, isComplete: isEnd });
        if (isEnd) return;
        if (!hasMore) break;
      }
    }
  } finally {
    watch.close();
  }
}

interface Part {
  lines: LogLine[];
  lastSeq: number;
  isEnd: boolean;
  hasMore: boolean;
}

const readTogether = (db: Services["db"], deploymentId: string, after: number): Promise<Part> =>
  shareRead(db, `deployment ${deploymentId} ${after}`, () => readPart(db, deploymentId, after));

async function readPart(db: Services["db"], deploymentId: string, after: number): Promise<Part> {
  // Read before the chunks: when it says ended, the chunks read after it are all there are.
  const { status } = await db.deployment.findUniqueOrThrow({ where: { id: deploymentId }, select: { status: true } });
  const chunks = await db.logChunk.findMany({
    where: { deploymentId, lastSeq: { gt: after } },
    orderBy: { firstSeq: "asc" },
    take: CHUNKS_AT_ONCE,
  });
  const lines = chunks.flatMap((chunk) => LogLine.array().parse(chunk.lines)).filter((line) => line.seq > after);
  const hasMore = chunks.length === CHUNKS_AT_ONCE;
  return { lines, lastSeq: chunks.at(-1)?.lastSeq ?? after, isEnd: !hasMore && isEnded(status), hasMore };
}
