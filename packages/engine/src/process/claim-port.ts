import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { DomainError } from "@windlass/domain";

const STALE_MS = 60_000;

/**
 * A free port of the range for an instance, kept for it by a file until `releasePort`: an instance that has not begun to
 * listen holds its port too.
 */
export async function claimPort(
  folder: string,
  [first, last]: readonly [number, number],
  instance: string,
): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const count = last - first + 1;
  const offset = Math.floor(Math.random() * count);
  for (let n = 0; n < count; n++) {
    const port = first + ((offset + n) % count);
    if (!(await claim(folder, port, instance))) continue;
    if (await isFree(port)) return port;
    await rm(join(folder, String(port)), { force: true });
  }
  throw new DomainError(
    "start_failed",
    `All ports from ${first} to ${last} are taken. Stop what is no longer needed.`,
    {
      fault: "server",
      retryable: true,
    },
  );
}

async function claim(folder: string, port: number, instance: string): Promise<boolean> {
  try {
    await writeFile(join(folder, String(port)), instance, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Both addresses: an app may listen on all, and another program may hold only one. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, "127.0.0.1")) && (await canListen(port, "0.0.0.0"));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

export async function releasePort(folder: string, port: number, instance: string): Promise<void> {
  const path = join(folder, String(port));
  if ((await readFile(path, "utf8").catch(() => undefined)) === instance) await rm(path, { force: true });
}

/** Frees what a killed worker had claimed for instances that never came to be. */
export async function releaseStalePorts(folder: string, isKnown: (instance: string) => boolean): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (!found || Date.now() - found.mtimeMs < STALE_MS) continue;
    const instance = await readFile(path, "utf8").catch(() => undefined);
    if (instance !== undefined && !isKnown(instance)) await rm(path, { force: true });
  }
}
