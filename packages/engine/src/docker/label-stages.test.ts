import { expect, test } from "vitest";
import { findInstruction } from "./find-instruction.ts";
import { labelStages, unlabelledLine } from "./label-stages.ts";

const DOCKERFILE = `# syntax
ARG VERSION=22
FROM node:$VERSION \\
  AS build
# copies
COPY . .
RUN npm ci \\
  --omit=dev

from busybox:1
COPY --from=build /app /app
CMD ["true"]
FROM scratch`;

const LABELLED = labelStages(DOCKERFILE, "whose", "ours");

test("every stage begins with the label, after the whole of its FROM", () => {
  expect(LABELLED.split("\n")).toEqual([
    "# syntax",
    "ARG VERSION=22",
    "FROM node:$VERSION \\",
    "  AS build",
    "# copies",
    'LABEL whose="ours"',
    "COPY . .",
    "RUN npm ci \\",
    "  --omit=dev",
    "",
    "from busybox:1",
    'LABEL whose="ours"',
    "COPY --from=build /app /app",
    'CMD ["true"]',
    "FROM scratch",
    'LABEL whose="ours"',
  ]);
});

test("people are told the lines that they know", () => {
  const found = findInstruction(LABELLED, 5, "RUN npm ci --omit=dev");
  expect(unlabelledLine(LABELLED, found?.line ?? 0, "whose", "ours")).toBe(7);
  const last = findInstruction(LABELLED, 9, 'CMD ["true"]');
  expect(unlabelledLine(LABELLED, last?.line ?? 0, "whose", "ours")).toBe(12);
  expect(unlabelledLine(LABELLED, 3, "whose", "ours")).toBe(3);
});
