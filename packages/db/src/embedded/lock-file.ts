import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS = 600;

/** Runs `work` while holding a lock file that names our pid; a lock whose holder is gone is taken over. */
export async function withLockFile<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; !tryLock(file); attempt++) {
    if (isHolderGone(file) || attempt > ATTEMPTS) rmSync(file, { force: true });
    else await sleep(100);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function tryLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isHolderGone(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EPERM";
  }
}
