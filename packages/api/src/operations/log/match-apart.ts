import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { DomainError, type RuntimeLogLine } from "@windlass/domain";
import type { MatchJob } from "./match-thread.ts";

const THREADS = 2;
/** One job reads a few megabytes, which takes a fraction of this. */
const LIMIT_MS = 4000;
const IDLE_MS = 30_000;

/** What is idle, to be used again; each ends after a while. */
const idle: { thread: Worker; end: NodeJS.Timeout }[] = [];
let running = 0;
const queue: (() => void)[] = [];
/** The last job of each team: one at a time, so that nobody takes all threads */
const lastOf = new Map<string, Promise<unknown>>();

/**
 * Matches lines in a thread of its own. A regular expression can take longer than the sun will last; the thread that it
 * takes too long in is ended, and whoever asked is told. Neither the process nor the database ever waits for one.
 */
export function matchApart(team: string, job: MatchJob): Promise<RuntimeLogLine[]> {
  const before = lastOf.get(team) ?? Promise.resolve();
  const mine = before.catch(() => {}).then(() => withPlace(() => run(job)));
  lastOf.set(team, mine);
  const forget = () => {
    if (lastOf.get(team) === mine) lastOf.delete(team);
  };
  mine.then(forget, forget);
  return mine;
}

async function withPlace<T>(work: () => Promise<T>): Promise<T> {
  if (running >= THREADS) await new Promise<void>((resolve) => queue.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next) next();
    else running--;
  }
}

async function run(job: MatchJob): Promise<RuntimeLogLine[]> {
  const thread = await takeThread();
  const { promise, resolve, reject } = Promise.withResolvers<RuntimeLogLine[]>();
  const tooSlow = new DomainError(
    "invalid_input",
    "This regular expression takes too long on this log. Make it simpler: repeated groups such as (a+)+ are what takes the time.",
    { field: "filter.text" },
  );
  const timer = setTimeout(() => reject(tooSlow), LIMIT_MS);
  const onExit = () => reject(new Error("The search's thread ended."));
  thread.on("message", resolve).on("error", reject).on("exit", onExit);
  try {
    thread.postMessage(job);
    const lines = await promise;
    keepThread(thread);
    return lines;
  } catch (error) {
    await thread.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
    thread.off("message", resolve).off("error", reject).off("exit", onExit);
  }
}

async function takeThread(): Promise<Worker> {
  const kept = idle.pop();
  if (kept) {
    clearTimeout(kept.end);
    return kept.thread;
  }
  const thread = new Worker(new URL("./match-thread.ts", import.meta.url));
  // Its time is for searching, not for being started.
  await once(thread, "message");
  return thread;
}

function keepThread(thread: Worker): void {
  const end = setTimeout(() => {
    const at = idle.findIndex((one) => one.thread === thread);
    if (at >= 0) idle.splice(at, 1);
    void thread.terminate();
  }, IDLE_MS);
  end.unref();
  thread.unref();
  idle.push({ thread, end });
}
