import { expect, test } from "vitest";
import { showBytes, usualLeastFree } from "./bytes.ts";

test("bytes read as disks are sold", () => {
  expect([0, 999, 1000, 812_400_000, 3_440_000_000, 999_600_000, 2.5e12].map(showBytes)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "812 MB",
    "3.4 GB",
    "1.0 GB",
    "2.5 TB",
  ]);
});

test("a twentieth stays free, between 1 and 2 GB, and of a small disk a quarter at most", () => {
  const gb = (count: number) => count * 1e9;
  expect(usualLeastFree(gb(1000))).toBe(gb(2));
  expect(usualLeastFree(gb(30))).toBe(gb(1.5));
  expect(usualLeastFree(gb(10))).toBe(gb(1));
  expect(usualLeastFree(gb(2))).toBe(gb(0.5));
});
