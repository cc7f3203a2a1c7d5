import { expect, it } from "vitest";
import { countRestarts } from "./count-restarts.ts";

const MINUTE = 60_000;

it("calls three restarts within minutes a loop, until it has been quiet for a while", () => {
  let at = 0;
  const count = countRestarts(() => at);
  const add = (minutes: number, restarts: number) => {
    at = minutes * MINUTE;
    return count.add("one", restarts);
  };
  expect(add(0, 7)).toBe(0);
  expect(add(1, 9)).toBe(0);
  expect(add(2, 10)).toBe(3);
  expect(add(3, 10)).toBe(3);
  expect(add(6, 10)).toBe(0);
});

it("calls restarts that are hours apart none", () => {
  let at = 0;
  const count = countRestarts(() => at);
  for (let restarts = 0; restarts < 10; restarts++) {
    at += 60 * MINUTE;
    expect(count.add("one", restarts)).toBe(0);
  }
});

it("begins anew with a new instance of the same name", () => {
  const count = countRestarts();
  count.add("one", 5);
  expect(count.add("one", 0)).toBe(0);
  expect(count.add("one", 2)).toBe(0);
});
