import { listInstructions } from "./find-instruction.ts";

/**
 * A Dockerfile whose every stage begins with a label, so that all layers which its build leaves behind tell whose they
 * are, of stages that are not part of the image and of builds that fail too.
 */
export function labelStages(dockerfile: string, key: string, value: string): string {
  const lines = dockerfile.split(/\r?\n/);
  const instructions = listInstructions(dockerfile);
  const after = instructions.flatMap(({ keyword }, index) =>
    keyword === "FROM" ? [(instructions[index + 1]?.line ?? lines.length + 1) - 1] : [],
  );
  for (const line of after.toReversed()) lines.splice(line, 0, labelLine(key, value));
  return lines.join("\n");
}

/** The line of the Dockerfile as people know it, by the one in what `labelStages` made of it. */
export const unlabelledLine = (labelled: string, line: number, key: string, value: string): number =>
  line -
  labelled
    .split("\n")
    .slice(0, line)
    .filter((one) => one === labelLine(key, value)).length;

const labelLine = (key: string, value: string): string => `LABEL ${key}="${value}"`;
