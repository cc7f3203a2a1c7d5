import path from "node:path";
import type { Import } from "./read-imports.ts";
import { isForTests, isTestingEntry, RULES } from "./rules.ts";

export interface SourceFile {
  /** Relative to the repository, with forward slashes */
  path: string;
  imports: Import[];
}

/** The files that imports of each workspace package lead to: `@windlass/db/testing` → its file. */
export type Entries = ReadonlyMap<string, string>;

/** One sentence for each import against the arrows, and for each circle of files. */
export function findViolations(files: readonly SourceFile[], entries: Entries): string[] {
  return [
    ...files.flatMap((file) => file.imports.flatMap((one) => judge(file, one) ?? [])),
    ...circles(files, entries),
  ];
}

function judge(file: SourceFile, { specifier, isTypeOnly, line }: Import): string | undefined {
  const at = `${file.path}:${line}`;
  const folder = folderOf(file.path);
  const rule = folder && RULES[folder];
  if (!rule) return `${at} lies in a folder that has no rule yet. Add one to scripts/boundaries/rules.ts.`;
  if (specifier.startsWith(".")) {
    const target = path.posix.join(path.posix.dirname(file.path), specifier);
    const isInside = workspaceOf(target) === workspaceOf(file.path);
    return isInside ? undefined : `${at} imports ${specifier} across a package border. Import the package's entry.`;
  }
  if (rule.never?.pattern.test(specifier) && !isForTests(file.path)) {
    return `${at} imports ${specifier}. ${rule.never.why}`;
  }
  if (!specifier.startsWith("@windlass/")) return undefined;
  if (rule.may.includes(specifier)) return undefined;
  if (rule.mayTypes?.includes(specifier)) {
    return isTypeOnly || isForTests(file.path)
      ? undefined
      : `${at} imports values from ${specifier}; only its types may be used here: import type.`;
  }
  if (isForTests(file.path) && isTestingEntry(specifier)) return undefined;
  const allowed = [...rule.may, ...(rule.mayTypes ?? [])].join(", ") || "no package of the workspace";
  return `${at} imports ${specifier}. ${folder} may import: ${allowed}.`;
}

const folderOf = (file: string): string | undefined =>
  Object.keys(RULES)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];

const workspaceOf = (file: string): string => file.split("/", /^(apps|packages)\//.test(file) ? 2 : 1).join("/");

/** Files that import each other in a circle (Tarjan); types alone make none. */
function circles(files: readonly SourceFile[], entries: Entries): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const targets = (file: SourceFile) =>
    file.imports
      .filter((one) => !one.isTypeOnly)
      .map(({ specifier }) =>
        specifier.startsWith(".") ? path.posix.join(path.posix.dirname(file.path), specifier) : entries.get(specifier),
      )
      .flatMap((target) => byPath.get(target ?? "") ?? []);
  const index = new Map<SourceFile, number>();
  const low = new Map<SourceFile, number>();
  const open: SourceFile[] = [];
  const found: string[] = [];
  const visit = (file: SourceFile): void => {
    index.set(file, index.size);
    low.set(file, index.get(file) ?? 0);
    open.push(file);
    const reachable = targets(file);
    for (const next of reachable) {
      if (!index.has(next)) visit(next);
      if (open.includes(next)) low.set(file, Math.min(low.get(file) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(file) !== index.get(file)) return;
    const members = open.splice(open.indexOf(file));
    if (members.length > 1 || reachable.includes(file)) {
      found.push(`These files import each other in a circle: ${members.map((member) => member.path).join(", ")}.`);
    }
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return found;
}
