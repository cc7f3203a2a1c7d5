import { describe, expect, it } from "vitest";
import { remainingOf } from "./remaining";

const at = (ms: number) => new Date(1_000_000 + ms);
const base = { position: 0, attempt: 1, error: null };
const done = {
  ...base,
  name: "plan",
  status: "succeeded" as const,
  startedAt: at(0),
  endedAt: at(900),
  estimateMs: 1000,
};
const build = {
  ...base,
  name: "build",
  status: "running" as const,
  startedAt: at(1000),
  endedAt: null,
  estimateMs: 6000,
};
const toCome = [{ name: "start release", estimateMs: 3000 }];

describe("remainingOf", () => {
  it("adds what is left of the step that runs to those to come", () => {
    const seen = remainingOf({ steps: [done, build], stepsToCome: toCome, estimateMs: 10_000 }, at(3000).getTime());
    expect(seen).toEqual({ share: expect.closeTo(0.3), leftMs: 7000, isLate: false });
  });
  it("says so when a step takes longer than usual, and does not count it against the others", () => {
    const seen = remainingOf({ steps: [done, build], stepsToCome: toCome, estimateMs: 10_000 }, at(20_000).getTime());
    expect(seen).toEqual({ share: expect.closeTo(0.7), leftMs: 3000, isLate: true });
  });
  it("is not known without earlier deployments, nor while something is taken back", () => {
    const steps = [{ ...build, estimateMs: null }];
    expect(remainingOf({ steps, stepsToCome: toCome, estimateMs: null }, at(2000).getTime())).toBeNull();
    const undo = { ...build, name: "undo: remove source" };
    expect(remainingOf({ steps: [undo], stepsToCome: [], estimateMs: 10_000 }, at(2000).getTime())).toBeNull();
  });
});
