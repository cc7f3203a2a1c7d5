import { join } from "node:path";
import type { AccountIds } from "./ensure-unprivileged-account.ts";

export interface ProcessRuntimeOptions {
  /** Releases and instances live here; `runAs` has to be able to pass every folder above it */
  folder: string;
  /** Which Windlass this is: what another owner put into the same folder is not seen */
  owner: string;
  /** Absolute path of the Node.js that apps run on */
  node: string;
  /** Absolute path of npm-cli.js; without it only apps that need no npm are built */
  npmCli?: string | undefined;
  /** The account of apps and builds; null for our own, when we are not root */
  runAs?: AccountIds | null;
  /** Ports that instances are given, first and last */
  portRange?: readonly [number, number];
  /** util-linux's prlimit; null where there is none */
  prlimitPath?: string | null;
  /** Certificate authorities that builds trust beside the usual, where a proxy signs again */
  caFile?: string;
  /** After which one of npm's commands is given up; an hour by default */
  buildLimitMs?: number;
}

export interface Folders {
  releases: string;
  instances: string;
  environments: string;
  ports: string;
  commands: string;
}

export const foldersOf = ({ folder }: ProcessRuntimeOptions): Folders => ({
  releases: join(folder, "releases"),
  instances: join(folder, "instances"),
  environments: join(folder, "environments"),
  ports: join(folder, "ports"),
  commands: join(folder, "commands"),
});

/** An id as part of a path: nothing that is a path itself. */
export const isPlainId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/.test(id);

/** Where programs are looked for; nothing of our own PATH. */
export const searchPath = (first: readonly string[]): string =>
  [...first, "/usr/local/bin", "/usr/bin", "/bin"].join(":");
