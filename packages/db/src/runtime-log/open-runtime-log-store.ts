import pg from "pg";
import type { PackedLines } from "./pack-lines.ts";

/** What a chunk costs beside its data: its row, its index entries. */
const ROW_BYTES = 200;
const RENEWALS_PER_TTL = 4;
const PRUNED_AT_ONCE = 500;

/** Writes runtime logs: past Prisma, whose way for bytes costs more than all the rest. */
export interface RuntimeLogStore {
  /** The right to store an environment's output, when nobody else has it; null otherwise. */
  acquire(environmentId: string, holder: string, ttlMs: number): Promise<RuntimeLogLease | null>;
  close(): Promise<void>;
}

export interface ChunkSource {
  instance: string;
  releaseId: string;
}

/**
 * One worker stores an environment's output at a time: sequence numbers have no gaps, and a position is moved with the
 * lines that led to it. Any failure of a write ends the lease by `lost`: whether it was committed is not known, so the
 * next holder, maybe the same worker, reads what is stored and goes on from there.
 */
export interface RuntimeLogLease {
  readonly environmentId: string;
  readonly lost: AbortSignal;
  /** Of each instance that was read before. */
  readPositions(): Promise<Map<string, { position: unknown; isEnded: boolean }>>;
  /** Stores lines and where to go on after them, or nothing. */
  append(source: ChunkSource, lines: PackedLines, position: unknown): Promise<void>;
  /** Notes that an instance is gone and read to its end. */
  end(source: ChunkSource): Promise<void>;
  /** Removes the oldest chunks until the budget is kept, and the positions of instances that are read and gone. */
  prune(budget: { bytes: number; oldest: Date }): Promise<void>;
  /** As stored, with what the rows take. */
  readonly bytes: number;
  release(): Promise<void>;
}

export function openRuntimeLogStore(url: string, connections: number): RuntimeLogStore {
  // The commit need not wait for the disk: lines and position are lost together, and then read again.
  const options = "-c synchronous_commit=off -c statement_timeout=30000";
  const pool = new pg.Pool({ connectionString: url, max: connections, options, keepAlive: true });
  // A connection that breaks while nobody uses it.
  pool.on("error", () => {});
  return {
    async acquire(environmentId, holder, ttlMs) {
      const { rows } = await pool.query<{ fencingToken: string; lastSeq: string; bytes: string }>(
        `insert into "RuntimeLog" ("environmentId", "holder", "fencingToken", "expiresAt")
         select "id", $2, 1, now() + $3 * interval '1 millisecond' from "Environment" where "id" = $1::uuid
         on conflict ("environmentId") do update
           set "holder" = excluded."holder", "fencingToken" = "RuntimeLog"."fencingToken" + 1, "expiresAt" = excluded."expiresAt"
           where "RuntimeLog"."expiresAt" <= now() or "RuntimeLog"."holder" = excluded."holder"
         returning "fencingToken", "lastSeq", "bytes"`,
        [environmentId, holder, ttlMs],
      );
      const taken = rows[0];
      return taken ? keepLease(pool, environmentId, ttlMs, taken) : null;
    },
    close: () => pool.end(),
  };
}

function keepLease(
  pool: pg.Pool,
  environmentId: string,
  ttlMs: number,
  taken: { fencingToken: string; lastSeq: string; bytes: string },
): RuntimeLogLease {
  const token = taken.fencingToken;
  let lastSeq = Number(taken.lastSeq);
  let bytes = Number(taken.bytes);
  let appending: Promise<void> = Promise.resolve();
  const lost = new AbortController();
  const lose = () => lost.abort(new Error("The lease of this runtime log was lost."));
  // A worker that was frozen, or cut off from the database, must notice by its own clock.
  let lastRenewed = performance.now();
  const watchdog = setInterval(() => {
    if (performance.now() - lastRenewed >= ttlMs) lose();
  }, ttlMs / 10);
  const renewal = setInterval(async () => {
    const asked = performance.now();
    try {
      const { rowCount } = await pool.query(
        `update "RuntimeLog" set "expiresAt" = now() + $3 * interval '1 millisecond'
         where "environmentId" = $1::uuid and "fencingToken" = $2 and "expiresAt" > now()`,
        [environmentId, token, ttlMs],
      );
      if (rowCount === 0) lose();
      else lastRenewed = asked;
    } catch {
      // The database does not answer: the watchdog decides.
    }
  }, ttlMs / RENEWALS_PER_TTL);
  const stop = () => {
    clearInterval(renewal);
    clearInterval(watchdog);
  };
  lost.signal.addEventListener("abort", stop, { once: true });

  /** Runs one statement that does something only while the lease holds; it answers with a row when it did. */
  const write = async (name: string, text: string, values: unknown[]): Promise<Record<string, string>> => {
    lost.signal.throwIfAborted();
    try {
      const { rows } = await pool.query({ name, text, values: [environmentId, token, ...values] });
      if (rows[0]) return rows[0] as Record<string, string>;
    } catch (error) {
      lose();
      throw error;
    }
    lose();
    throw lost.signal.reason;
  };

  return {
    environmentId,
    lost: lost.signal,
    get bytes() {
      return bytes;
    },
    async readPositions() {
      const { rows } = await pool.query<{ instance: string; position: unknown; endedAt: Date | null }>(
        `select "instance", "position", "endedAt" from "RuntimeLogPosition" where "environmentId" = $1::uuid`,
        [environmentId],
      );
      return new Map(rows.map((row) => [row.instance, { position: row.position, isEnded: row.endedAt !== null }]));
    },
    append({ instance, releaseId }, lines, position) {
      const size = lines.data.length + ROW_BYTES;
      const appended = appending.then(async () => {
        await write("append_runtime_log", APPEND, [
          lastSeq,
          lines.lines,
          size,
          instance,
          releaseId,
          new Date(lines.fromAt),
          new Date(lines.toAt),
          lines.streams,
          lines.data,
          JSON.stringify(position),
        ]);
        lastSeq += lines.lines;
        bytes += size;
      });
      // One after the other: each begins with the number after the last.
      appending = appended.catch(() => {});
      return appended;
    },
    async end({ instance, releaseId }) {
      await write(
        "end_runtime_log",
        `insert into "RuntimeLogPosition" ("environmentId", "instance", "releaseId", "position", "endedAt")
         select "environmentId", $3, $4::uuid, 'null'::jsonb, now() from "RuntimeLog"
         where "environmentId" = $1::uuid and "fencingToken" = $2 and "expiresAt" > now()
         on conflict ("environmentId", "instance") do update set "endedAt" = now()
         returning "instance"`,
        [instance, releaseId],
      );
    },
    async prune(budget) {
      for (;;) {
        const { removed, left } = await write("prune_runtime_log", PRUNE, [
          Math.round(budget.bytes),
          budget.oldest,
          PRUNED_AT_ONCE,
        ]);
        bytes = Number(left);
        if (Number(removed) < PRUNED_AT_ONCE) return;
      }
    },
    async release() {
      stop();
      lost.abort(new Error("The lease of this runtime log was given back."));
      await pool.query(
        `update "RuntimeLog" set "expiresAt" = now() where "environmentId" = $1::uuid and "fencingToken" = $2`,
        [environmentId, token],
      );
    },
  };
}

/** One statement is one transaction: the numbers, the lines and the place behind them, or nothing of it. */
const APPEND = `
  with held as (
    update "RuntimeLog" set "lastSeq" = "lastSeq" + $4::int, "bytes" = "bytes" + $5::int
    where "environmentId" = $1::uuid and "fencingToken" = $2 and "expiresAt" > now() and "lastSeq" = $3
    returning "environmentId", "lastSeq"
  ), stored as (
    insert into "RuntimeLogChunk" ("environmentId", "firstSeq", "lastSeq", "instance", "releaseId", "fromAt", "toAt", "streams", "data")
    select "environmentId", "lastSeq" - $4::int + 1, "lastSeq", $6, $7::uuid, $8, $9, $10, $11 from held
  ), moved as (
    insert into "RuntimeLogPosition" ("environmentId", "instance", "releaseId", "position")
    select "environmentId", $6, $7::uuid, $12::jsonb from held
    on conflict ("environmentId", "instance") do update set "position" = excluded."position", "endedAt" = null
  )
  select "lastSeq" from held`;

/**
 * Only from the front, so that what is left has no holes. What was read to the end of an instance that is confirmed gone
 * is never read again: its position goes too.
 */
const PRUNE = `
  with held as (
    select "bytes" from "RuntimeLog"
    where "environmentId" = $1::uuid and "fencingToken" = $2 and "expiresAt" > now() for update
  ), front as (
    select "firstSeq", "toAt", octet_length("data") + ${ROW_BYTES} as "size"
    from "RuntimeLogChunk" where "environmentId" = $1::uuid order by "firstSeq" limit $5
  ), summed as (
    select "firstSeq", "toAt", "size", sum("size") over (order by "firstSeq") - "size" as "before",
      bool_and("toAt" < $4) over (order by "firstSeq") as "isOld"
    from front
  ), removed as (
    delete from "RuntimeLogChunk" c using summed s, held h
    where c."environmentId" = $1::uuid and c."firstSeq" = s."firstSeq" and (h."bytes" - s."before" > $3 or s."isOld")
    returning s."size"
  ), forgotten as (
    delete from "RuntimeLogPosition" p using held
    where p."environmentId" = $1::uuid and p."endedAt" is not null
      and not exists (select from "Instance" i where i."name" = p."instance" and i."status" <> 'stopped')
  ), counted as (
    select count(*) as "removed", coalesce(sum("size"), 0) as "size" from removed
  )
  update "RuntimeLog" set "bytes" = greatest(0, "RuntimeLog"."bytes" - counted."size") from counted
  where "environmentId" = $1::uuid and "fencingToken" = $2 and "expiresAt" > now()
  returning counted."removed", "RuntimeLog"."bytes" as "left"`;
