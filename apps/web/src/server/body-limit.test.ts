import { expect, test } from "vitest";
import { refusedBody } from "./body-limit.ts";

test("takes no body, and a form's", () => {
  expect(refusedBody({ headers: {} })).toBe(null);
  expect(refusedBody({ headers: { "content-length": "300" } })).toBe(null);
});

test("refuses a large body, and one that does not say how large it is", () => {
  expect(refusedBody({ headers: { "content-length": "1000000" } })).toBe(413);
  expect(refusedBody({ headers: { "transfer-encoding": "chunked" } })).toBe(411);
});
