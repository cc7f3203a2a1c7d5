import type { LogLine } from "@windlass/domain";
import { expect, test } from "vitest";
import { LogStore } from "./log-store";
import { LogSearch } from "./search";

function storeOf(texts: string[]): LogStore {
  const store = new LogStore((run) => run());
  addTo(store, texts);
  return store;
}

function addTo(store: LogStore, texts: string[]): void {
  const from = store.lastSeq;
  const lines = texts.map(
    (text, index): LogLine => ({ seq: from + index + 1, at: 0, step: "build", stream: "stdout", text }),
  );
  store.append({ lines, isComplete: false });
}

test("finds every place, whatever the case", () => {
  const search = new LogSearch("error").extend(storeOf(["Error: an ERROR", "fine", "no errors"]));
  expect(search.lines).toEqual([0, 0, 2]);
  expect(search.starts).toEqual([0, 10, 3]);
  expect(search.inLine(0)).toEqual([0, 2]);
  expect(search.inLine(1)).toEqual([0, 0]);
});

test("searches what a person sees, not the colour codes in it", () => {
  const search = new LogSearch("not found").extend(storeOf(["\u001b[31mnot\u001b[0m found"]));
  expect(search.count).toBe(1);
});

test("goes on with new lines instead of starting again", () => {
  const store = storeOf(["a"]);
  const search = new LogSearch("a").extend(store);
  addTo(store, ["b", "a"]);
  expect(search.extend(store).lines).toEqual([0, 2]);
});

test("the next match is counted from where one reads, and starts over at the end", () => {
  const search = new LogSearch("x").extend(storeOf(["x", "", "x", "", "x"]));
  expect([0, 1, 3, 5].map((line) => search.firstFrom(line))).toEqual([0, 1, 2, 0]);
});

test("nothing is found for no words", () => {
  expect(new LogSearch("").extend(storeOf(["a"])).count).toBe(0);
});

test("100,000 lines are searched quickly", () => {
  const store = storeOf(Array.from({ length: 100_000 }, (_, index) => `line ${index} of the build`));
  const started = performance.now();
  expect(new LogSearch("99999").extend(store).count).toBe(1);
  expect(performance.now() - started).toBeLessThan(15_000);
});
