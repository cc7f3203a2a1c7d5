export interface Instruction {
  /** Counted from 1 */
  line: number;
  keyword: string;
}

/**
 * Where the builder's step is in the Dockerfile: it counts instructions, people count lines. Undefined when the two do
 * not agree, as with the triggers of a base image.
 */
export function findInstruction(dockerfile: string, step: number, shown: string): Instruction | undefined {
  const found = listInstructions(dockerfile)[step - 1];
  return found && shown.toUpperCase().startsWith(found.keyword) ? found : undefined;
}

/** Instructions by their first line (Dockerfile reference): comments and empty lines may stand inside a continued one. */
export function listInstructions(dockerfile: string): Instruction[] {
  const continuation = /^#\s*escape\s*=\s*(\S)\s*$/im.exec(dockerfile)?.[1] ?? "\\";
  const instructions: Instruction[] = [];
  let isContinued = false;
  for (const [index, raw] of dockerfile.split(/\r?\n/).entries()) {
    const text = raw.trim();
    if (text === "" || text.startsWith("#")) continue;
    if (!isContinued) instructions.push({ line: index + 1, keyword: (text.split(/\s/)[0] ?? "").toUpperCase() });
    isContinued = text.endsWith(continuation);
  }
  return instructions;
}
