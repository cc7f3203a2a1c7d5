import { describe, expect, it } from "vitest";
import { type BakeFigures, type BakeLook, BakeSeen, judgeBake } from "./bake.ts";

const figures = (change: Partial<BakeFigures> = {}): BakeFigures => ({
  seconds: 30,
  requests: 300,
  errors: 0,
  p95Ms: 20,
  ...change,
});
const fine: BakeLook = {
  now: figures(),
  restarts: 0,
  isRunning: true,
  probe: { isHealthy: true, seen: "/ answered 200" },
};

/** The reasons of the looks, one after the other. */
function looks(before: BakeFigures | null, ...seenLooks: Partial<BakeLook>[]): (string | null)[] {
  let seen = BakeSeen.parse({});
  return seenLooks.map((look) => {
    const judged = judgeBake(before, seen, { ...fine, ...look });
    seen = judged.seen;
    return judged.reason;
  });
}
const thrice = (look: Partial<BakeLook>) => [look, look, look];

describe("a release that bakes", () => {
  it("is turned back when errors last over several looks, with both shares in the reason", () => {
    const [first, second, third] = looks(figures({ errors: 3 }), ...thrice({ now: figures({ errors: 90 }) }));
    expect([first, second]).toEqual([null, null]);
    expect(third).toBe("30 % of 300 requests failed, against 1 % before.");
  });

  it("stays when errors come and go", () => {
    const bad = { now: figures({ errors: 90 }) };
    expect(looks(figures(), bad, bad, {}, bad, bad, {})).toEqual([null, null, null, null, null, null]);
  });

  it("stays when few requests fail, whatever their share", () => {
    expect(looks(figures(), ...thrice({ now: figures({ requests: 12, errors: 12 }) })).at(-1)).toBeNull();
    expect(looks(figures(), ...thrice({ now: figures({ requests: 30, errors: 9 }) })).at(-1)).toBeNull();
  });

  it("stays when it is no worse than what was there before", () => {
    expect(looks(figures({ errors: 60 }), ...thrice({ now: figures({ errors: 75 }) })).at(-1)).toBeNull();
  });

  it("is turned back when it became much slower, but not by a little", () => {
    expect(looks(figures(), ...thrice({ now: figures({ p95Ms: 900 }) })).at(-1)).toContain("900 ms");
    expect(looks(figures(), ...thrice({ now: figures({ p95Ms: 300 }) })).at(-1)).toBeNull();
    expect(looks(figures({ p95Ms: 800 }), ...thrice({ now: figures({ p95Ms: 1600 }) })).at(-1)).toBeNull();
  });

  it("is turned back when it crashes again and again, not when it did once", () => {
    expect(looks(null, {}, { restarts: 1 }, { restarts: 1 }, { restarts: 1 }).at(-1)).toBeNull();
    expect(looks(null, {}, { restarts: 1 }, { restarts: 2 }).at(-1)).toContain("2 times");
  });

  it("is turned back when its check fails or it is gone, three looks in a row", () => {
    const probe = { isHealthy: false, seen: "/ answered 500, expected 200-399" };
    expect(looks(null, {}, { probe }, { probe }, { probe }).at(-1)).toContain("/ answered 500");
    expect(looks(null, { probe }, { probe }, {}, { probe }).at(-1)).toBeNull();
    expect(looks(null, ...thrice({ isRunning: false })).at(-1)).toContain("did not come back");
  });
});
