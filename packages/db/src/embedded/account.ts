import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The account a server process runs as; empty when that is our own. */
export interface Account {
  uid?: number;
  gid?: number;
}

/** postgres refuses to run as root: an unprivileged account, found or made; our own when we are not root. */
export function postgresAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const found = accountNamed("postgres");
  if (found) return found;
  spawnSync("useradd", ["--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin", "postgres"], {
    stdio: "ignore",
  });
  const made = accountNamed("postgres") ?? accountNamed("nobody");
  if (!made) {
    throw new Error(
      "PostgreSQL does not run as root and no unprivileged account could be made. Run Windlass as an ordinary user, or set DATABASE_URL.",
    );
  }
  return made;
}

function accountNamed(name: string): Account | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const fields = line?.split(":");
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined;
}

/** Whether the account can pass every folder above `folder` and enter it. */
function canEnter(folder: string, account: Account): boolean {
  return spawnSync("/bin/ls", ["-d", "--", `${folder}/.`], { ...account, cwd: "/", stdio: "ignore" }).status === 0;
}

/**
 * A folder for servers that run under `account`: inside the data folder when the account can reach it, else (root with
 * a data folder under a 0700 home) one below /var/lib that belongs to this data folder alone.
 */
export function reachableFolder(dataFolder: string, account: Account): string {
  mkdirSync(dataFolder, { recursive: true });
  if (account.uid === undefined || canEnter(dataFolder, account)) return dataFolder;
  const id = createHash("sha256").update(path.resolve(dataFolder)).digest("hex").slice(0, 8);
  const folder = `/var/lib/windlass-${id}`;
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return folder;
}
