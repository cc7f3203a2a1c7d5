import { link, mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProcess } from "../programs/list-processes.ts";
import { cancelled } from "../programs/run-program.ts";
import { withPrivateFolder } from "./private-folder.ts";

const RETRY_MS = 25;
/** Taking a lock away is a matter of a moment: whoever is at it for so long died. */
const TAKING_MS = 10_000;

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` alone: in this process in order of arrival, among processes by a lock file that names its holder. The lock
 * of a holder that is gone, or whose pid now is another's, is taken over.
 */
export async function withLock<T>(lock: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const before = queues.get(lock) ?? Promise.resolve();
  let hasBegun = false;
  const turn = before.then(async () => {
    hasBegun = true;
    await acquire(lock, signal);
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  });
  const settled = turn.catch(() => {});
  queues.set(lock, settled);
  void settled.then(() => {
    if (queues.get(lock) === settled) queues.delete(lock);
  });
  return await orLeave(turn, () => hasBegun, signal);
}

/** Lets a caller that still waits in the queue go when it is cancelled; its turn then ends at once by the same signal. */
async function orLeave<T>(turn: Promise<T>, hasBegun: () => boolean, signal: AbortSignal): Promise<T> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    if (!hasBegun()) reject(cancelled());
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([turn, left]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The file is written first and then linked to its place: a lock has its holder's name from its first moment. */
async function acquire(lock: string, signal: AbortSignal): Promise<void> {
  await withPrivateFolder(dirname(lock), "lock", async (folder) => {
    const own = join(folder, "holder");
    await writeFile(own, await describeSelf());
    let takingSince: number | undefined;
    while (!(await isDone(link(own, lock)))) {
      if (signal.aborted) throw cancelled();
      if (!(await isAbandoned(lock))) {
        takingSince = undefined;
        await sleep(RETRY_MS);
      } else if (!(await takeAway(lock))) {
        takingSince ??= performance.now();
        if (performance.now() - takingSince > TAKING_MS) await rmdir(takingOf(lock)).catch(() => {});
        await sleep(RETRY_MS);
      }
    }
  });
}

const takingOf = (lock: string): string => `${lock}.taking`;

/**
 * Removing another's lock is itself exclusive, and looks again: else two waiters could remove each other's new lock. False
 * while another one is at it.
 */
async function takeAway(lock: string): Promise<boolean> {
  if (!(await isDone(mkdir(takingOf(lock), { mode: 0o700 })))) return false;
  try {
    if (await isAbandoned(lock)) await rm(lock, { force: true });
    return true;
  } finally {
    await rmdir(takingOf(lock)).catch(() => {});
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  const [pid, startedAt] = (await readFile(lock, "utf8").catch(() => "")).split("\n");
  return Boolean(pid) && (await readProcess(Number(pid)))?.startedAt !== startedAt;
}

async function describeSelf(): Promise<string> {
  return `${process.pid}\n${(await readProcess(process.pid))?.startedAt ?? ""}`;
}

/** False when it is there already. */
async function isDone(made: Promise<unknown>): Promise<boolean> {
  try {
    await made;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
