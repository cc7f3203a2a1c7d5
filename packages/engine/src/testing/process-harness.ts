import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildConfig } from "@windlass/domain";
import type { RuntimePorts } from "../ports.ts";
import { createProcessRuntime, type ProcessRuntimeOptions } from "../process/create-process-runtime.ts";
import { ensureUnprivilegedAccount } from "../process/ensure-unprivileged-account.ts";
import { findNpmCli } from "../process/find-npm.ts";
import type { RuntimeHarness } from "./runtime-contract.ts";

export interface ProcessHarness extends RuntimeHarness {
  options(owner: string): ProcessRuntimeOptions;
}

const PRLIMIT = "/usr/bin/prlimit";

/** Instances as processes below a temporary folder, under the unprivileged account when we are root. */
export async function makeProcessHarness(): Promise<ProcessHarness> {
  const base = await mkdtemp(join(tmpdir(), "windlass-process-"));
  const sources = await mkdtemp(join(tmpdir(), "windlass-sources-"));
  const runAs = await ensureUnprivilegedAccount();
  const node = process.execPath;
  const npmCli = await findNpmCli(node, process.env.PATH ?? "", runAs);
  const given: RuntimePorts[] = [];
  const options = (owner: string): ProcessRuntimeOptions => ({
    folder: join(base, "apps"),
    owner,
    node,
    npmCli,
    runAs,
    portRange: [21_000, 24_999],
    prlimitPath: existsSync(PRLIMIT) ? PRLIMIT : null,
  });
  // mkdtemp makes 0700, which the apps' account could not pass.
  await chmod(base, 0o711);
  return {
    options,
    portsFor: (owner) => {
      const ports = createProcessRuntime(options(owner));
      given.push(ports);
      return ports;
    },
    createFolder: () => mkdtemp(join(sources, "source-")),
    build: BuildConfig.parse({ kind: "node" }),
    close: async () => {
      for (const { runtime } of given) for (const { name } of await runtime.listOwned()) await runtime.stop(name, 0);
      await rm(base, { recursive: true, force: true });
      await rm(sources, { recursive: true, force: true });
    },
  };
}
