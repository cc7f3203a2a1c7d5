import { describe, expect, it } from "vitest";
import { type InLine, orderLine, ordinal } from "./queue.ts";

const one = (id: string, teamId: string, minute: number, isRollback = false): InLine => ({
  id,
  teamId,
  isRollback,
  queuedAt: new Date(minute * 60_000),
});
const ids = (line: InLine[], atWork: [string, number][] = []) => orderLine(line, new Map(atWork)).map(({ id }) => id);

describe("the line", () => {
  it("takes teams in turns, each by age", () => {
    expect(ids([one("a1", "a", 1), one("a2", "a", 2), one("a3", "a", 3), one("b1", "b", 4)])).toEqual([
      "a1",
      "b1",
      "a2",
      "a3",
    ]);
  });

  it("counts what a team has at work already", () => {
    const line = [one("a1", "a", 1), one("b1", "b", 2), one("b2", "b", 3)];
    expect(ids(line, [["a", 2]])).toEqual(["b1", "b2", "a1"]);
  });

  it("lets rollbacks go first", () => {
    expect(ids([one("a1", "a", 1), one("b1", "b", 2, true)], [["b", 5]])).toEqual(["b1", "a1"]);
  });
});

it.each([
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [21, "21st"],
  [113, "113th"],
])("counts %i as %s", (n, word) => expect(ordinal(n)).toBe(word));
