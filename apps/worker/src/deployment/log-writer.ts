import { type Database, Prisma } from "@windlass/db";
import type { LogLine, LogStream } from "@windlass/domain";
import { type Redactor, splitLongLine } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";

const STORE_EVERY_MS = 40;
/** Most steps are over, and stored, sooner: their lines go with their end. */
const FIRST_AFTER_MS = 10;
const CHUNK_LINES = 500;
const MOST_WAITING = 4000;
/** Of a log that is longer only the last lines of each step are kept. */
const MOST_CHARACTERS = 24 * 1024 * 1024;
const LAST_LINES = 500;

/**
 * Numbers the lines of a deployment's log and stores them in chunks, by time or size, whichever comes first. A line
 * after a silence is stored almost at once; those that follow close behind wait for each other.
 */
export interface LogWriter {
  /** Resolves at once, or later when more lines wait than may: that slows the source down, nothing is dropped. */
  write(step: string, stream: LogStream, text: string): Promise<void>;
  /** Resolves when everything written is stored. */
  flush(): Promise<void>;
  /** Resolves when what is being stored is there; stores nothing by itself. Rejects when it could not be stored. */
  stored(): Promise<void>;
  /** Stores everything written, the last lines in one statement with `parts`, a change under the lease. */
  storeWith(parts: readonly Prisma.Sql[]): Promise<void>;
  /**
   * Stores a change under the lease together with what is stored next, within a moment. Of two of one name the first is
   * stored by itself.
   */
  storeLater(name: string, part: Prisma.Sql): void;
}

/** All of it is done again, at no loss, when the database's machine dies within the next moment. */
const SOON_DURABLE = { isDurable: false };

/** What an earlier worker stored of the log. */
export interface StoredLog {
  lastSeq: number;
  characters: number;
}

export const NOTHING_STORED: StoredLog = { lastSeq: 0, characters: 0 };

export async function readStoredLog(db: Database, deploymentId: string): Promise<StoredLog> {
  const [stored] = await db.$queryRaw<{ lastSeq: number | null; characters: bigint | null }[]>`
    select max("lastSeq") as "lastSeq", sum(length("lines"::text))::bigint as "characters"
    from "LogChunk" where "deploymentId" = ${deploymentId}::uuid`;
  return { lastSeq: stored?.lastSeq ?? 0, characters: Number(stored?.characters ?? 0) };
}

export function openLogWriter(
  lease: Lease,
  deploymentId: string,
  stored: StoredLog,
  redact: Redactor,
  mostCharacters = MOST_CHARACTERS,
): LogWriter {
  let { lastSeq: seq, characters } = stored;
  /** Past the limit: the last lines, until the step is over, and how many there were before them */
  let last: Omit<LogLine, "seq">[] = [];
  let leftOut = 0;
  let waiting: LogLine[] = [];
  let later = new Map<string, Prisma.Sql>();
  let timer: NodeJS.Timeout | undefined;
  let storedAt = Number.NEGATIVE_INFINITY;
  let storing: Promise<void> = Promise.resolve();
  let failure: unknown;

  /** The next lines that wait, with other changes. */
  const storeChunk = async (parts: readonly Prisma.Sql[]): Promise<void> => {
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
      await lease.change([...chunk, ...parts], SOON_DURABLE);
    } catch (error) {
      failure = error;
      throw error;
    }
    waiting = waiting.slice(lines.length);
  };

  const store = (parts: readonly Prisma.Sql[] = []): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    storedAt = performance.now();
    const changes = [...later.values(), ...parts];
    later = new Map();
    const stored = storing.then(async () => {
      while (waiting.length > CHUNK_LINES) await storeChunk([]);
      await storeChunk(changes);
    });
    // Whoever writes or stores next is told.
    storing = stored.catch(() => {});
    return stored;
  };

  const storeSoon = (afterMs: number): void => {
    if (afterMs === 0) void store().catch(() => {});
    else timer ??= setTimeout(() => storeSoon(0), afterMs);
  };

  const add = (line: Omit<LogLine, "seq">) => {
    characters += line.text.length;
    waiting.push({ seq: ++seq, ...line });
  };
  /** Also the line that says so, once. */
  const addWithinLimit = (line: Omit<LogLine, "seq">) => {
    if (characters <= mostCharacters) {
      add(line);
      if (characters > mostCharacters) add({ ...line, stream: "system", text: limitText(mostCharacters) });
      return;
    }
    last.push(line);
    if (last.length <= 2 * LAST_LINES) return;
    leftOut += last.length - LAST_LINES;
    last = last.slice(-LAST_LINES);
  };
  const addLast = () => {
    leftOut += Math.max(0, last.length - LAST_LINES);
    const kept = last.slice(-LAST_LINES);
    const [first] = kept;
    if (first && leftOut > 0)
      add({ ...first, stream: "system", text: `${leftOut.toLocaleString("en")} lines left out` });
    for (const line of kept) add(line);
    last = [];
    leftOut = 0;
  };

  return {
    async write(step, stream, text) {
      if (failure !== undefined) throw failure;
      const at = Date.now();
      for (const part of splitLongLine(clean(text), redact)) addWithinLimit({ at, step, stream, text: part });
      if (waiting.length >= MOST_WAITING) await store();
      else if (waiting.length >= CHUNK_LINES) storeSoon(0);
      else storeSoon(Math.max(FIRST_AFTER_MS, storedAt + STORE_EVERY_MS - performance.now()));
    },
    flush() {
      addLast();
      return store();
    },
    async stored() {
      await storing;
      if (failure !== undefined) throw failure;
    },
    storeWith(parts) {
      addLast();
      return store(parts);
    },
    storeLater(name, part) {
      if (later.has(name)) storeSoon(0);
      later.set(name, part);
      storeSoon(FIRST_AFTER_MS);
    },
  };
}

/** Postgres stores neither null characters nor halves of surrogate pairs. */
const clean = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\ufffd").replace(/\r$/, "");

const limitText = (characters: number): string =>
  `This log has reached its limit of ${Math.round(characters / 1024 / 1024)} MB: from here on only the last ${LAST_LINES} lines of each step are kept. Make the build say less.`;
