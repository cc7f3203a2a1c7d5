import type { LogLine } from "@windlass/domain";
import { expect, test, vi } from "vitest";
import { LogStore } from "./log-store";

const line = (seq: number, step = "build"): LogLine => ({ seq, at: seq, step, stream: "stdout", text: `line ${seq}` });
const lines = (from: number, to: number, step?: string) =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index, step));
const now = (run: () => void) => run();
const seqs = (store: LogStore) => store.lines.map(({ seq }) => seq);

test("shows every line once when a batch comes twice", () => {
  const store = new LogStore(now);
  store.append({ lines: lines(1, 3), isComplete: false });
  store.append({ lines: lines(2, 5), isComplete: false });
  expect(seqs(store)).toEqual([1, 2, 3, 4, 5]);
});

test("holds back lines that came too early until the gap is filled", () => {
  const store = new LogStore(now);
  store.append({ lines: [line(1), line(4), line(5)], isComplete: true });
  expect(seqs(store)).toEqual([1]);
  expect(store.hasGap).toBe(true);
  expect(store.isComplete).toBe(false);
  store.append({ lines: lines(2, 5), isComplete: true });
  expect(seqs(store)).toEqual([1, 2, 3, 4, 5]);
  expect(store.hasGap).toBe(false);
  expect(store.isComplete).toBe(true);
});

test("tells its listeners once a frame, however many batches came", () => {
  const frames: (() => void)[] = [];
  const store = new LogStore((run) => frames.push(run));
  const listener = vi.fn();
  store.subscribe(listener);
  for (let seq = 1; seq <= 100; seq++) store.append({ lines: [line(seq)], isComplete: false });
  expect(frames).toHaveLength(1);
  frames.shift()?.();
  expect(listener).toHaveBeenCalledTimes(1);
  store.append({ lines: [line(101)], isComplete: false });
  expect(frames).toHaveLength(1);
});

test("gives each step a heading row, and finds rows both ways", () => {
  const store = new LogStore(now);
  store.append({ lines: [...lines(1, 2, "fetch source"), ...lines(3, 5, "build")], isComplete: false });
  expect(store.rowCount).toBe(7);
  const rows = Array.from({ length: store.rowCount }, (_, row) => store.rowAt(row));
  expect(rows.map((row) => (row.kind === "heading" ? row.section.step : row.index))).toEqual([
    "fetch source",
    0,
    1,
    "build",
    2,
    3,
    4,
  ]);
  expect([0, 1, 2, 3, 4].map((index) => store.rowOfLine(index))).toEqual([1, 2, 4, 5, 6]);
  expect(store.rowOfStep("build")).toBe(3);
  expect(store.rowOfStep("switch traffic")).toBeNull();
});

test("takes 100,000 lines in a blink", () => {
  const store = new LogStore(now);
  const started = performance.now();
  for (let from = 1; from <= 100_000; from += 500) store.append({ lines: lines(from, from + 499), isComplete: false });
  expect(store.lines).toHaveLength(100_000);
  expect(store.rowAt(99_000)).toEqual({ kind: "line", index: 98_999 });
  expect(performance.now() - started).toBeLessThan(20_000);
});
