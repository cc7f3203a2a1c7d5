import { mkdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProcess } from "../programs/list-processes.ts";
import { cancelled } from "../programs/run-program.ts";

const RETRY_MS = 25;
/** A lock without a name belongs to somebody who died between two system calls, or is about to write it. */
const NAMELESS_MS = 5000;

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` alone: in this process in order of arrival, among processes by a lock folder that names its holder.
 * The lock of a holder that is gone, or whose pid now is another's, is taken over.
 */
export async function withLock<T>(folder: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const before = queues.get(folder) ?? Promise.resolve();
  let hasBegun = false;
  const turn = before.then(async () => {
    hasBegun = true;
    await acquire(folder, signal);
    try {
      return await work();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  const settled = turn.catch(() => {});
  queues.set(folder, settled);
  void settled.then(() => {
    if (queues.get(folder) === settled) queues.delete(folder);
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

async function acquire(folder: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    if (signal.aborted) throw cancelled();
    if (await make(folder)) {
      await writeFile(join(folder, "holder"), await describeSelf());
      return;
    }
    if (await isAbandoned(folder)) await takeAway(folder);
    else await sleep(RETRY_MS);
  }
}

/** Removing another's lock is itself exclusive, and looks again: else two waiters could remove each other's new lock. */
async function takeAway(folder: string): Promise<void> {
  const taking = `${folder}.taking`;
  if (!(await make(taking))) {
    if ((await ageMs(taking)) > 2 * NAMELESS_MS) await rmdir(taking).catch(() => {});
    await sleep(RETRY_MS);
    return;
  }
  try {
    if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true });
  } finally {
    await rmdir(taking).catch(() => {});
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, "holder"), "utf8").catch(() => "");
  const [pid, startedAt] = text.split("\n");
  if (!pid || startedAt === undefined) return (await ageMs(folder)) > NAMELESS_MS;
  return (await readProcess(Number(pid)))?.startedAt !== startedAt;
}

async function describeSelf(): Promise<string> {
  return `${process.pid}\n${(await readProcess(process.pid))?.startedAt ?? ""}`;
}

async function make(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function ageMs(folder: string): Promise<number> {
  const found = await stat(folder).catch(() => undefined);
  return found ? Date.now() - found.mtimeMs : 0;
}
