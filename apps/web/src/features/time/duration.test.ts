import { expect, test } from "vitest";
import { formatDuration, formatRelative, formatRunning } from "./duration";

test("durations name their unit and keep three figures", () => {
  expect([0, 340, 999, 1000, 4234, 9949, 9960, 38_400, 59_900, 125_000, 4_320_000].map(formatDuration)).toEqual([
    "0 ms",
    "340 ms",
    "999 ms",
    "1.0 s",
    "4.2 s",
    "9.9 s",
    "10 s",
    "38 s",
    "1 min 00 s",
    "2 min 05 s",
    "1 h 12 min",
  ]);
});

test("a clock that runs behind never shows a negative duration", () => {
  expect(formatDuration(-20)).toBe("0 ms");
  expect(formatRunning(-20)).toBe("0 s");
});

test("what counts up moves in whole seconds", () => {
  expect([10, 1999, 59_999, 61_500].map(formatRunning)).toEqual(["0 s", "1 s", "59 s", "1 min 01 s"]);
});

test("relative times are said as people say them", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  const ago = (ms: number) => formatRelative(new Date(now - ms), now);
  expect(ago(3000)).toBe("just now");
  expect(ago(3 * 60_000)).toBe("3 min. ago");
  expect(ago(26 * 3_600_000)).toBe("yesterday");
  expect(ago(-12 * 86_400_000)).toBe("in 12 days");
});
