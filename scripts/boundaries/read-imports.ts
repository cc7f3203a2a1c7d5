import { parseSync } from "oxc-parser";

export interface Import {
  specifier: string;
  /** Leaves nothing behind when types are stripped */
  isTypeOnly: boolean;
  line: number;
}

/** Every import, re-export and dynamic import with a fixed name. */
export function readImports(file: string, text: string): Import[] {
  const { module, errors } = parseSync(file, text);
  const fatal = errors.find((error) => error.severity === "Error");
  if (fatal) throw new Error(`${file} cannot be read: ${fatal.message}`);
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const found: Import[] = module.staticImports.map((statement) => ({
    specifier: statement.moduleRequest.value,
    isTypeOnly: statement.entries.length > 0 && statement.entries.every((entry) => entry.isType),
    line: lineOf(statement.start),
  }));
  for (const statement of module.staticExports) {
    const [first] = statement.entries;
    if (!first?.moduleRequest) continue;
    const isTypeOnly = statement.entries.every((entry) => entry.isType);
    found.push({ specifier: first.moduleRequest.value, isTypeOnly, line: lineOf(statement.start) });
  }
  for (const call of module.dynamicImports) {
    const literal = /^["'`]([^"'`$]+)["'`]$/.exec(text.slice(call.moduleRequest.start, call.moduleRequest.end));
    if (literal?.[1]) found.push({ specifier: literal[1], isTypeOnly: false, line: lineOf(call.start) });
  }
  return found;
}
