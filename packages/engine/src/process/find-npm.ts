import { realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type AccountIds, canReach } from "./ensure-unprivileged-account.ts";

/** npm-cli.js that came with a Node.js, or the one that `npm` in a search path leads to; only what the account can reach. */
export async function findNpmCli(
  node: string,
  path: string,
  ids: AccountIds | null = null,
): Promise<string | undefined> {
  const beside = join(dirname(dirname(node)), "lib/node_modules/npm/bin/npm-cli.js");
  if ((await stat(beside).catch(() => undefined))?.isFile() && (await canReach(beside, ids))) return beside;
  for (const folder of path.split(":").filter((part) => part.startsWith("/"))) {
    const target = await realpath(join(folder, "npm")).catch(() => undefined);
    if (target?.endsWith("npm-cli.js") && (await canReach(target, ids))) return target;
  }
  return undefined;
}
