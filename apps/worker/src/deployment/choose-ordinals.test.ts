import { describe, expect, it } from "vitest";
import { chooseOrdinals } from "./choose-ordinals.ts";

describe("chooseOrdinals", () => {
  it("begins a new release, and one that was stopped, at 1", () => {
    expect(chooseOrdinals("deploy", [4, 5], 3)).toEqual([1, 2, 3]);
    expect(chooseOrdinals("start", [], 2)).toEqual([1, 2]);
  });
  it("restarts as others than those that run", () => {
    expect(chooseOrdinals("restart", [1, 2], 2)).toEqual([3, 4]);
    expect(chooseOrdinals("restart", [3, 4], 2)).toEqual([1, 2]);
    expect(chooseOrdinals("restart", [2], 1)).toEqual([1]);
  });
  it("keeps what runs when it scales, adds the lowest that are free and drops the highest", () => {
    expect(chooseOrdinals("scale", [3, 4], 3)).toEqual([1, 3, 4]);
    expect(chooseOrdinals("scale", [1, 2, 3, 4], 2)).toEqual([1, 2]);
    expect(chooseOrdinals("scale", [2, 3], 2)).toEqual([2, 3]);
  });
});
