import { createTestDatabase, seedEnvironment, storeLogLines, type TestDatabase } from "@windlass/db/testing";
import { RuntimeLogFilter } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Live, openLive } from "../../live/index.ts";
import { exportRuntimeLog } from "./export-runtime-log.ts";
import { followRuntimeLog } from "./follow-runtime-log.ts";
import { locateTime, readRuntimeLog } from "./read-runtime-log.ts";

const CHUNKS = 40;
const LINES_A_CHUNK = 100;
const BEGAN = Date.UTC(2026, 10, 21);
const all = filterOf({});

let test: TestDatabase;
let live: Live;
let environment: { id: string; teamId: string };
let stored = 0;

function filterOf(parts: Partial<RuntimeLogFilter>): RuntimeLogFilter {
  return RuntimeLogFilter.parse(parts);
}

beforeAll(async () => {
  test = await createTestDatabase();
  live = openLive(test.url);
  const { team, environment: row } = await seedEnvironment(test.db);
  environment = { id: row.id, teamId: team.id };
  for (let chunk = 0; chunk < CHUNKS; chunk++) await store();
}, 120_000);

afterAll(async () => {
  await live.close();
  await test.drop();
});

/** A chunk as a worker stores it; every tenth line is an error, every chunk of another instance. */
async function store(): Promise<void> {
  const firstSeq = stored + 1;
  const lines = Array.from({ length: LINES_A_CHUNK }, (_, index) => {
    const seq = firstSeq + index;
    const text = `\u001b[32mline\u001b[0m ${seq} ${"a".repeat(30)}!`;
    return { text, at: BEGAN + seq * 1000, isError: seq % 10 === 0 };
  });
  stored += LINES_A_CHUNK;
  const instance = `instance-${(firstSeq / LINES_A_CHUNK) & 1}`;
  const { id } = environment;
  await storeLogLines(test.db, { environmentId: id, releaseId: id, instance, firstSeq, lines });
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Every page from the newest back, or from the oldest on. */
async function readAll(filter: RuntimeLogFilter, limit: number, isForward: boolean): Promise<number[]> {
  const seqs: number[] = [];
  let next: number | null | undefined = isForward ? 0 : undefined;
  do {
    const place = next === undefined ? {} : isForward ? { after: next as number } : { before: next as number };
    const page = await readRuntimeLog(test, environment, { filter, limit, ...place });
    expect(page.lines.length).toBeLessThanOrEqual(limit);
    const found = page.lines.map(({ seq }) => seq);
    if (isForward) seqs.push(...found);
    else seqs.unshift(...found);
    next = page.next;
  } while (next !== null);
  return seqs;
}

describe("a runtime log", () => {
  it("is read in pages of any size, in both directions, every line once and in order", async () => {
    const expected = numbers(1, stored);
    for (const limit of [70, 100, 1999]) {
      expect(await readAll(all, limit, false)).toEqual(expected);
      expect(await readAll(all, limit, true)).toEqual(expected);
    }
  });

  it("is searched by words, expressions, stream, instance and time", async () => {
    const search = (parts: Partial<RuntimeLogFilter>) => readAll(filterOf(parts), 500, false);
    expect(await search({ text: "LINE 39 " })).toEqual([39]);
    expect(await search({ text: "line 1[02]0 a", isRegex: true })).toEqual([100, 120]);
    expect(await search({ stream: "stderr", until: BEGAN + 40_000 })).toEqual([10, 20, 30, 40]);
    expect(await search({ instance: "instance-1", until: BEGAN + 250_000 })).toEqual(numbers(101, 200));
    expect(await search({ text: ".*" })).toEqual([]);
    const page = await readRuntimeLog(test, environment, { filter: filterOf({ text: "39" }), before: 40, limit: 1 });
    expect(page.lines[0]).toMatchObject({ seq: 39, matches: [[5, 7]] });
    expect(await locateTime(test, environment, BEGAN + 1_234_500)).toBe(1235);
    expect(await locateTime(test, environment, BEGAN * 2)).toBeNull();
  });

  it("answers others while a hostile expression is being stopped", async () => {
    const hostile = filterOf({ text: "(a+)+$", isRegex: true });
    const request = { filter: hostile, limit: 10 };
    const attacks = [1, 2].map(() =>
      readRuntimeLog(test, environment, request).then(
        () => "answered",
        (error) => `${error.code} ${error.field}`,
      ),
    );
    let turns = 0;
    const turning = setInterval(() => turns++, 10);
    const other = { ...environment, teamId: "another" };
    const page = await readRuntimeLog(test, other, { filter: filterOf({ text: "line 7 ", isRegex: true }), limit: 10 });
    expect(page.lines.map(({ seq }) => seq)).toEqual([7]);
    expect(await Promise.all(attacks)).toEqual(Array.from({ length: 2 }, () => "invalid_input filter.text"));
    clearInterval(turning);
    // The process went on all the time.
    expect(turns).toBeGreaterThan(20);
  }, 60_000);

  it("is followed by many through one read, from where each was, with what is added", async () => {
    const stop = new AbortController();
    const seen = [0, 1000, stored].map(async (after) => {
      const seqs: number[] = [];
      for await (const [, batch] of followRuntimeLog({ db: test.db, live }, environment, all, after, stop.signal)) {
        seqs.push(...batch.lines.map(({ seq }) => seq));
        if (seqs.at(-1) === end) break;
      }
      return seqs;
    });
    const before = stored;
    const end = stored + 3 * LINES_A_CHUNK;
    for (let chunk = 0; chunk < 3; chunk++) await store();
    expect(await Promise.all(seen)).toEqual([numbers(1, end), numbers(1001, end), numbers(before + 1, end)]);
    stop.abort();
  });

  it("leads a viewer that is far behind to the end, and says how much was left out", async () => {
    await test.db.runtimeLog.update({ where: { environmentId: environment.id }, data: { lastSeq: 1_000_000 } });
    const stop = new AbortController();
    try {
      for await (const [, batch] of followRuntimeLog({ db: test.db, live }, environment, all, 0, stop.signal)) {
        expect(batch).toEqual({ lines: [], lastSeq: 1_000_000, skipped: 999_000 });
        break;
      }
    } finally {
      stop.abort();
      await test.db.runtimeLog.update({ where: { environmentId: environment.id }, data: { lastSeq: stored } });
    }
  });

  it("is exported whole", async () => {
    const seqs: number[] = [];
    for await (const lines of exportRuntimeLog(test, environment, all, new AbortController().signal)) {
      seqs.push(...lines.map(({ seq }) => seq));
    }
    expect(seqs).toEqual(numbers(1, stored));
  });
});
