import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { LogFile } from "./log-file.ts";
import { StartFailure } from "./start-failure.ts";

/** What ends up in the console's bundle; the server's own files are run as they are. */
const INPUTS = [
  "package-lock.json",
  "apps/web/*.{json,ts,mjs}",
  "apps/web/public/**",
  "apps/web/src/**",
  "packages/{api,domain,db}/package.json",
  "packages/{api,domain}/src/**",
  "packages/db/src/**",
];
const NOT_INPUTS = /\.test\.tsx?$|\/testing\/|\/src\/server\/|tsconfig\.tsbuildinfo$|next-env\.d\.ts$/;

/** Builds the console when it is not built or what it is made from has changed; tells which. */
export async function buildConsole(
  root: string,
  dataFolder: string,
  { signal, onBuild }: { signal: AbortSignal; onBuild: (why: string) => void },
): Promise<"built" | "unchanged"> {
  const output = path.join(root, "apps/web/.next");
  const stamp = path.join(output, "windlass-inputs");
  const fingerprint = hashInputs(root);
  const isBuilt = existsSync(path.join(output, "BUILD_ID"));
  if (isBuilt && existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint) return "unchanged";
  onBuild(isBuilt ? "building, its files have changed" : "building");
  await runBuild(root, dataFolder, signal);
  writeFileSync(stamp, fingerprint);
  return "built";
}

function hashInputs(root: string): string {
  const hash = createHash("sha256");
  const files = globSync(INPUTS, { cwd: root })
    .filter((file) => !NOT_INPUTS.test(file))
    .sort();
  for (const file of files) {
    const absolute = path.join(root, file);
    if (statSync(absolute).isFile()) hash.update(`${file}\0`).update(readFileSync(absolute));
  }
  return hash.digest("hex");
}

async function runBuild(root: string, dataFolder: string, signal: AbortSignal): Promise<void> {
  const log = new LogFile(dataFolder, "console-build");
  const logStart = log.size;
  const output = log.open();
  const child = spawn(process.execPath, [path.join(root, "node_modules/next/dist/bin/next"), "build"], {
    cwd: path.join(root, "apps/web"),
    env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", output, output],
    detached: true,
  });
  closeSync(output);
  // Its workers too: the build is a process group of its own.
  const abort = () => {
    if (child.pid) process.kill(-child.pid, "SIGTERM");
  };
  signal.addEventListener("abort", abort, { once: true });
  const code = await new Promise<number>((resolve) => {
    child.once("exit", (exit) => resolve(exit ?? 1));
    child.once("error", () => resolve(127));
  });
  signal.removeEventListener("abort", abort);
  signal.throwIfAborted();
  if (code === 0) return;
  throw new StartFailure(`The console could not be built (code ${code}).`, `The whole output is in ${log.path}.`, {
    evidence: log.tail(20, logStart),
  });
}
