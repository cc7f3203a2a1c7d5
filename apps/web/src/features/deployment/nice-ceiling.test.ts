import { describe, expect, it } from "vitest";
import { niceCeiling } from "./nice-ceiling";

describe("the top of an axis", () => {
  it.each([
    [0.3, 1],
    [1.2, 2],
    [3, 5],
    [7, 10],
    [10, 10],
    [480, 500],
    [3200, 5000],
  ])("for %d is %d", (ms, top) => expect(niceCeiling(ms)).toBe(top));
});
