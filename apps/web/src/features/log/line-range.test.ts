import { expect, test } from "vitest";
import { formatLineRange, parseLineRange } from "./line-range";

test("reads links to a line and to a range, in either order", () => {
  expect(parseLineRange("#L120")).toEqual({ from: 120, to: 120 });
  expect(parseLineRange("#L120-L130")).toEqual({ from: 120, to: 130 });
  expect(parseLineRange("#L130-120")).toEqual({ from: 120, to: 130 });
});

test("other hashes name no lines", () => {
  for (const hash of ["", "#", "#L0", "#proof", "#L1x", "#L99999999999"]) expect(parseLineRange(hash)).toBeNull();
});

test("what is written can be read again", () => {
  for (const range of [
    { from: 7, to: 7 },
    { from: 7, to: 9 },
  ]) {
    expect(parseLineRange(formatLineRange(range))).toEqual(range);
  }
});
