import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

export interface AccountIds {
  uid: number;
  gid: number;
}

const NAME = "windlass-app";
const run = promisify(execFile);

/** The account that apps run under: found or made when we are root, `nobody` where none can be made; null when we are not root. */
export async function ensureUnprivilegedAccount(): Promise<AccountIds | null> {
  if (process.getuid?.() !== 0) return null;
  const found = await accountNamed(NAME);
  if (found) return found;
  const argv = [
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/usr/sbin/nologin",
  ];
  // Another worker may have made it meanwhile, or there is no useradd: what counts is what is there afterwards.
  await run("/usr/sbin/useradd", [...argv, "--", NAME], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } }).catch(
    () => {},
  );
  return (await accountNamed(NAME)) ?? (await accountNamed("nobody")) ?? null;
}

async function accountNamed(name: string): Promise<AccountIds | undefined> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n");
  const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(":");
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined;
}

/** Whether an account may pass every folder above a path and use it: by mode bits alone, other groups and ACLs aside. */
export async function canReach(path: string, ids: AccountIds | null): Promise<boolean> {
  if (ids === null) return true;
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found) return false;
    const shift = found.uid === ids.uid ? 6 : found.gid === ids.gid ? 3 : 0;
    // A file's contents have to be read, a folder passed.
    const needed = found.isDirectory() ? 1 : 4;
    if (((found.mode >> shift) & needed) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
