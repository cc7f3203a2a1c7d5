import { expect, test } from "vitest";
import { plainText, splitAnsi } from "./ansi";

const ESC = "\u001b";

test("a line without escapes is one piece", () => {
  expect(splitAnsi("npm ci")).toEqual([{ text: "npm ci" }]);
});

test("colours and weights become pieces, and their texts together the plain line", () => {
  const text = `${ESC}[1m${ESC}[31merror${ESC}[0m: ${ESC}[94mfile.ts${ESC}[39m is missing`;
  const spans = splitAnsi(text);
  expect(spans.map((span) => span.text)).toEqual(["error", ": ", "file.ts", " is missing"]);
  expect(spans[0]).toMatchObject({ color: "var(--ansi-red)", isBold: true });
  expect(spans[2]).toMatchObject({ color: "var(--ansi-blue)" });
  expect(spans.map((span) => span.text).join("")).toBe(plainText(text));
});

test("markup in a log stays text", () => {
  const text = `${ESC}[32m<img src=x onerror=alert(1)>${ESC}[0m`;
  expect(plainText(text)).toBe("<img src=x onerror=alert(1)>");
  expect(splitAnsi(text)[0]?.text).toBe("<img src=x onerror=alert(1)>");
});

test("what only moves a cursor, names a window or links draws nothing", () => {
  expect(plainText(`${ESC}[2K${ESC}[1Gdone`)).toBe("done");
  expect(plainText(`${ESC}]0;title\u0007ready`)).toBe("ready");
  expect(plainText(`${ESC}]8;;https://example.com${ESC}\\link${ESC}]8;;${ESC}\\`)).toBe("link");
  expect(plainText("a\u0000b\u0007c")).toBe("abc");
});

test("a progress line shows what was written last", () => {
  expect(plainText("10 %\r50 %\r100 %\r")).toBe("100 %");
});

test("colours of the large palettes are moved towards the text's", () => {
  expect(splitAnsi(`${ESC}[38;5;208mwarm`)[0]?.color).toBe(
    "color-mix(in oklab, rgb(255, 135, 0) 45%, var(--foreground))",
  );
  expect(splitAnsi(`${ESC}[38;2;1;2;3mdark`)[0]?.color).toContain("rgb(1, 2, 3)");
  expect(splitAnsi(`${ESC}[48;5;236mgrey`)[0]?.background).toContain("rgb(48, 48, 48)");
});
