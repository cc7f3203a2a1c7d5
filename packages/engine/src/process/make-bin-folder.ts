import { mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ProcessRuntimeOptions } from "./process-options.ts";

/**
 * A folder for the front of PATH in which `node`, `npm` and `npx` are the ones that apps are given: scripts with
 * `#!/usr/bin/env node` find them by these names, whatever the files are called.
 */
export async function makeBinFolder({ folder, node, npmCli }: ProcessRuntimeOptions): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true, mode: 0o755 });
  await point(join(bin, "node"), node);
  if (npmCli !== undefined) {
    await point(join(bin, "npm"), npmCli);
    await point(join(bin, "npx"), join(dirname(npmCli), "npx-cli.js"));
  }
  return bin;
}

/** Replaced in one step: instances that run use it. */
async function point(link: string, target: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === target) return;
  const beside = `${link}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    await symlink(target, beside);
    await rename(beside, link);
  } finally {
    await rm(beside, { force: true });
  }
}
