// Checks that imports go one way, as rules.ts says. `node scripts/boundaries/main.ts` prints what does not.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { findViolations } from "./find-violations.ts";
import { readImports } from "./read-imports.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const NOT_OURS = /(^|\/)(node_modules|\.next|generated)\/|\.d\.ts$/;

const files = globSync("{apps,packages,e2e,bench,scripts}/**/*.{ts,tsx}", {
  cwd: ROOT,
  exclude: ["**/node_modules/**"],
})
  .filter((file) => !NOT_OURS.test(file))
  .map((file) => ({ path: file, imports: readImports(file, readFileSync(path.join(ROOT, file), "utf8")) }));

const violations = findViolations(files, readEntries());
for (const violation of violations) process.stdout.write(`${violation}\n`);
if (violations.length === 0) process.stdout.write(`${files.length} files import as they may.\n`);
process.exitCode = violations.length > 0 ? 1 : 0;

function readEntries(): Map<string, string> {
  const entries = new Map<string, string>();
  for (const manifest of globSync("{apps,packages}/*/package.json", { cwd: ROOT })) {
    const { name, exports }: { name: string; exports?: Record<string, string> } = JSON.parse(
      readFileSync(path.join(ROOT, manifest), "utf8"),
    );
    for (const [entry, file] of Object.entries(exports ?? {})) {
      entries.set(path.posix.join(name, entry), path.posix.join(path.posix.dirname(manifest), file));
    }
  }
  return entries;
}
