import { type LogLine, type LogStream, MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";
import type { Redactor } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";

const STORE_EVERY_MS = 40;
const CHUNK_LINES = 500;
const MOST_WAITING = 4000;

/**
 * Numbers the lines of a deployment's log and stores them in chunks, by time or size, whichever comes first. A line
 * after a silence is stored at once; those that follow close behind wait for each other.
 */
export interface LogWriter {
  /** Resolves at once, or later when more lines wait than may: that slows the source down, nothing is dropped. */
  write(step: string, stream: LogStream, text: string): Promise<void>;
  /** Resolves when everything written is stored. */
  flush(): Promise<void>;
}

export async function openLogWriter(lease: Lease, deploymentId: string, redact: Redactor): Promise<LogWriter> {
  const last = await lease.write((tx) => tx.logChunk.aggregate({ where: { deploymentId }, _max: { lastSeq: true } }));
  let seq = last._max.lastSeq ?? 0;
  let waiting: LogLine[] = [];
  let timer: NodeJS.Timeout | undefined;
  let storedAt = Number.NEGATIVE_INFINITY;
  let storing: Promise<void> = Promise.resolve();
  let failure: unknown;

  const store = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    storedAt = performance.now();
    storing = storing.then(async () => {
      while (waiting.length > 0 && failure === undefined) {
        const lines = waiting.slice(0, CHUNK_LINES);
        const [first, final] = [lines[0], lines.at(-1)];
        if (!first || !final) return;
        try {
          const chunk = { deploymentId, firstSeq: first.seq, lastSeq: final.seq, lines };
          await lease.write((tx) => tx.logChunk.create({ data: chunk }));
          waiting = waiting.slice(lines.length);
        } catch (error) {
          failure = error;
        }
      }
    });
    return storing;
  };

  return {
    async write(step, stream, text) {
      if (failure !== undefined) throw failure;
      const at = Date.now();
      for (const part of split(clean(redact(text)))) waiting.push({ seq: ++seq, at, step, stream, text: part });
      if (waiting.length >= MOST_WAITING) await store();
      else if (waiting.length >= CHUNK_LINES) void store();
      else timer ??= setTimeout(() => void store(), Math.max(0, storedAt + STORE_EVERY_MS - performance.now()));
    },
    async flush() {
      await store();
      if (failure !== undefined) throw failure;
    },
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
