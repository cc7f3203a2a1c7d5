import { access, constants, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { ProcessRuntimeOptions } from "./process-options.ts";

/** Absolute argv for a command: `node` and `npm` are the ones that apps are given, others are looked for like execvp(3) does. */
export async function findProgram(
  command: readonly string[],
  { node, npmCli }: Pick<ProcessRuntimeOptions, "node" | "npmCli">,
  folder: string,
  path: string,
): Promise<[string, ...string[]] | undefined> {
  const [program = "", ...args] = command;
  if (program === "node") return [node, ...args];
  if (program === "npm" && npmCli !== undefined) return [node, npmCli, ...args];
  const places = program.includes("/") ? [folder] : path.split(":");
  for (const place of places) {
    const candidate = isAbsolute(program) ? program : join(place, program);
    if (await isExecutable(candidate)) return [candidate, ...args];
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
