import { Prisma } from "@windlass/db";
import { type LogLine, type LogStream, MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";
import type { Redactor } from "@windlass/engine";
import type { Lease, WriteOptions } from "../lease/lease.ts";

const STORE_EVERY_MS = 40;
/** Most steps are over, and stored, sooner: their lines go with their end. */
const FIRST_AFTER_MS = 10;
const CHUNK_LINES = 500;
const MOST_WAITING = 4000;

/**
 * Numbers the lines of a deployment's log and stores them in chunks, by time or size, whichever comes first. A line
 * after a silence is stored almost at once; those that follow close behind wait for each other.
 */
export interface LogWriter {
  /** Resolves at once, or later when more lines wait than may: that slows the source down, nothing is dropped. */
  write(step: string, stream: LogStream, text: string): Promise<void>;
  /** Resolves when everything written is stored. */
  flush(): Promise<void>;
  /** Stores everything written, the last lines in one statement with `parts`, a change under the lease. */
  storeWith(parts: readonly Prisma.Sql[], options?: WriteOptions): Promise<void>;
}

/** `lastSeq` is the number of the last line that an earlier worker stored. */
export function openLogWriter(lease: Lease, deploymentId: string, lastSeq: number, redact: Redactor): LogWriter {
  let seq = lastSeq;
  let waiting: LogLine[] = [];
  let timer: NodeJS.Timeout | undefined;
  let storedAt = Number.NEGATIVE_INFINITY;
  let storing: Promise<void> = Promise.resolve();
  let failure: unknown;

  /** The next lines that wait, with other changes. */
  const storeChunk = async (parts: readonly Prisma.Sql[], options?: WriteOptions): Promise<void> => {
    if (failure !== undefined) throw failure;
    const lines = waiting.slice(0, CHUNK_LINES);
    const [first, final] = [lines[0], lines.at(-1)];
    const chunk =
      first && final
        ? [
            Prisma.sql`chunk as (
              insert into "LogChunk" ("deploymentId", "firstSeq", "lastSeq", "lines")
              select ${deploymentId}::uuid, ${first.seq}::int, ${final.seq}::int, ${JSON.stringify(lines)}::jsonb from held)`,
          ]
        : [];
    if (chunk.length + parts.length === 0) return;
    try {
      await lease.change([...chunk, ...parts], options);
    } catch (error) {
      failure = error;
      throw error;
    }
    waiting = waiting.slice(lines.length);
  };

  const store = (parts: readonly Prisma.Sql[] = [], options?: WriteOptions): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    storedAt = performance.now();
    const stored = storing.then(async () => {
      while (waiting.length > CHUNK_LINES) await storeChunk([]);
      await storeChunk(parts, options);
    });
    // Whoever writes or stores next is told.
    storing = stored.catch(() => {});
    return stored;
  };

  const storeSoon = (afterMs: number): void => {
    if (afterMs === 0) void store().catch(() => {});
    else timer ??= setTimeout(() => storeSoon(0), afterMs);
  };

  return {
    async write(step, stream, text) {
      if (failure !== undefined) throw failure;
      const at = Date.now();
      for (const part of split(clean(redact(text)))) waiting.push({ seq: ++seq, at, step, stream, text: part });
      if (waiting.length >= MOST_WAITING) await store();
      else if (waiting.length >= CHUNK_LINES) storeSoon(0);
      else storeSoon(Math.max(FIRST_AFTER_MS, storedAt + STORE_EVERY_MS - performance.now()));
    },
    flush: () => store(),
    storeWith: store,
  };
}

/** Postgres stores neither null characters nor halves of surrogate pairs. */
const clean = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\ufffd").replace(/\r$/, "");

function split(text: string): string[] {
  if (text.length <= MAX_LOG_LINE_CHARACTERS) return [text];
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += MAX_LOG_LINE_CHARACTERS) {
    parts.push(text.slice(at, at + MAX_LOG_LINE_CHARACTERS).toWellFormed());
  }
  return parts;
}
