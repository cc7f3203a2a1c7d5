import { expect, test } from "vitest";
import { markSpans } from "./highlight";

const shown = (spans: ReturnType<typeof markSpans>) => spans.map(({ text, mark }) => [text, mark]);

test("a match inside one piece is cut out of it", () => {
  expect(shown(markSpans([{ text: "an error here" }], [{ from: 3, to: 8, isCurrent: false }]))).toEqual([
    ["an ", undefined],
    ["error", "match"],
    [" here", undefined],
  ]);
});

test("a match over two pieces is marked in both, each with its own look", () => {
  const spans = [{ text: "not", color: "red" }, { text: " found" }];
  const marked = markSpans(spans, [{ from: 1, to: 6, isCurrent: true }]);
  expect(shown(marked)).toEqual([
    ["n", undefined],
    ["ot", "current"],
    [" fo", "current"],
    ["und", undefined],
  ]);
  expect(marked[1]?.color).toBe("red");
});

test("the text stays whole", () => {
  const marked = markSpans(
    [{ text: "aXaX" }],
    [
      { from: 1, to: 2, isCurrent: false },
      { from: 3, to: 4, isCurrent: false },
    ],
  );
  expect(marked.map(({ text }) => text).join("")).toBe("aXaX");
});
