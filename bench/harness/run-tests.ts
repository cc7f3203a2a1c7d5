import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { say } from "./report.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const VITEST = path.join(ROOT, "node_modules/vitest/vitest.mjs");

/**
 * Runs test files, alone on the machine, and resolves with what they printed and whether all passed. What failed is said
 * as the runner says it.
 */
export async function runTests(
  stack: AsyncDisposableStack,
  files: readonly string[],
): Promise<{ hasPassed: boolean; printed: string }> {
  const run = spawn(process.execPath, [VITEST, "run", "--project", "integration", "--no-color", ...files], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  stack.defer(() => void run.kill());
  let printed = "";
  for (const stream of [run.stdout, run.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const [exitCode] = await once(run, "close");
  if (exitCode !== 0) say(printed);
  return { hasPassed: exitCode === 0, printed };
}
