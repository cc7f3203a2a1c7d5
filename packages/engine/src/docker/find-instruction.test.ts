import { expect, test } from "vitest";
import { findInstruction } from "./find-instruction.ts";

const DOCKERFILE = `# A comment
ARG VERSION=22

FROM node:22-slim AS build
# Another
RUN npm ci \\
    # inside
    --omit=dev \\

    && echo done
copy . .
RUN npm run build
`;

test("finds the line on which a step of the builder begins", () => {
  expect(findInstruction(DOCKERFILE, 1, "ARG VERSION=22")).toEqual({ line: 2, keyword: "ARG" });
  expect(findInstruction(DOCKERFILE, 3, "RUN npm ci --omit=dev && echo done")).toEqual({ line: 6, keyword: "RUN" });
  expect(findInstruction(DOCKERFILE, 4, "COPY . .")).toEqual({ line: 11, keyword: "COPY" });
  expect(findInstruction(DOCKERFILE, 5, "RUN npm run build")).toEqual({ line: 12, keyword: "RUN" });
});

test("says nothing when it counts otherwise than the builder", () => {
  expect(findInstruction(DOCKERFILE, 4, "RUN npm run build")).toBeUndefined();
  expect(findInstruction(DOCKERFILE, 9, "RUN npm run build")).toBeUndefined();
});

test("reads a Dockerfile that continues lines with another character", () => {
  const windows = "# escape=`\nFROM node:22-slim\nRUN one `\n  two\nRUN three\n";
  expect(findInstruction(windows, 3, "RUN three")).toEqual({ line: 5, keyword: "RUN" });
});
