import type { RuntimeLogLine } from "@windlass/domain";
import { expect, it } from "vitest";
import { RuntimeLogStore } from "./runtime-log-store";

const line = (seq: number, instance = "a"): RuntimeLogLine => ({
  seq,
  at: seq,
  stream: "stdout",
  instance,
  text: `line ${seq}`,
});

it("grows at both ends, each line once and in order, and finds a line by its number", () => {
  const store = new RuntimeLogStore((run) => run());
  store.addNewer([line(100), line(105)]);
  store.addNewer([line(105), line(110, "b")]);
  expect(store.plain(0)).toBe("line 100");
  store.addOlder([line(90), line(95), line(100)]);
  expect(store.lines.map(({ seq }) => seq)).toEqual([90, 95, 100, 105, 110]);
  expect(store.plain(0)).toBe("line 90");
  expect(store.sections.map(({ step, first }) => [step, first])).toEqual([
    ["a", 0],
    ["b", 4],
  ]);
  expect([90, 105, 110, 91, 200].map((seq) => store.indexOf(seq))).toEqual([0, 3, 4, null, null]);
  expect(store.lastSeq).toBe(110);
});
