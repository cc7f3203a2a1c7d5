import { describe, expect, it } from "vitest";
import { endOfMinute, minuteOf, startOfMinute } from "./time-range.ts";

describe("the time range of a log", () => {
  const noon = new Date(2026, 10, 21, 12, 30, 42, 7).getTime();

  it("writes a time as the minute that a date field shows, in local time", () => {
    expect(minuteOf(noon)).toBe("2026-11-21T12:30");
    expect(minuteOf(undefined)).toBe("");
  });

  it("reads a minute as all of its milliseconds", () => {
    const from = startOfMinute("2026-11-21T12:30") ?? 0;
    const until = endOfMinute("2026-11-21T12:30") ?? 0;
    expect(from).toBe(new Date(2026, 10, 21, 12, 30).getTime());
    expect(until - from).toBe(59_999);
    expect([minuteOf(from), minuteOf(until)]).toEqual(["2026-11-21T12:30", "2026-11-21T12:30"]);
  });

  it("asks for nothing while the field is empty", () => {
    for (const value of ["", "no time"]) {
      expect(startOfMinute(value)).toBeUndefined();
      expect(endOfMinute(value)).toBeUndefined();
    }
  });
});
