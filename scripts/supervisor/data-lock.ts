import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { errorCode, StartFailure } from "./start-failure.ts";

const LEFTOVERS_END_WITHIN_MS = 10_000;

interface Holder extends ProcessIdentity {
  children: ProcessIdentity[];
}

/** The claim of one supervisor to a data folder. It knows its children, so that the next one can end what is left. */
export interface DataLock {
  /** The supervisor before was killed, and left the folder locked */
  isTakenOver: boolean;
  recordChildren(pids: number[]): void;
  release(): void;
}

/** Rejects with a StartFailure while another supervisor lives; a dead one's claim is taken over and its children ended. */
export async function lockDataFolder(dataFolder: string): Promise<DataLock> {
  const file = path.join(dataFolder, "supervisor.lock");
  const own = identify(process.pid) ?? { pid: process.pid, began: "" };
  const write = (children: ProcessIdentity[]) => {
    const beside = `${file}.${process.pid}`;
    writeFileSync(beside, JSON.stringify({ ...own, children }), { mode: 0o600 });
    return beside;
  };
  let isTakenOver = false;
  while (!tryLink(write([]), file)) {
    const holder = readHolder(file);
    if (holder && isAlive(holder)) {
      throw new StartFailure(
        `Windlass already runs on ${dataFolder}, as process ${holder.pid}.`,
        "Stop that one first, or give this one a folder of its own with --data-dir.",
      );
    }
    // Moved away rather than deleted: whoever comes second finds it gone, and does not delete the winner's claim.
    if (!tryMoveAway(file, holder)) continue;
    isTakenOver = true;
    if (holder) await endLeftovers(holder.children);
  }
  return {
    isTakenOver,
    recordChildren(pids) {
      const children = pids.map(identify).filter((child) => child !== undefined);
      renameSync(write(children), file);
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** Puts the finished file in place only where there is none. */
function tryLink(beside: string, file: string): boolean {
  try {
    linkSync(beside, file);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

function tryMoveAway(file: string, judged: Holder | undefined): boolean {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return false;
  }
  const moved = readHolder(aside);
  const isTheOneJudged = moved?.pid === judged?.pid && moved?.began === judged?.began;
  // Between the look and the move somebody else took over: give it back.
  if (!isTheOneJudged) tryLink(aside, file);
  rmSync(aside, { force: true });
  return isTheOneJudged;
}

function readHolder(file: string): Holder | undefined {
  try {
    const found: Partial<Holder> = JSON.parse(readFileSync(file, "utf8"));
    if (typeof found.pid !== "number" || typeof found.began !== "string") return undefined;
    return { pid: found.pid, began: found.began, children: found.children ?? [] };
  } catch {
    return undefined;
  }
}

/** They end by themselves when their supervisor is gone; what hangs is killed. */
async function endLeftovers(children: ProcessIdentity[]): Promise<void> {
  const deadline = Date.now() + LEFTOVERS_END_WITHIN_MS;
  while (children.some(isAlive) && Date.now() < deadline) await sleep(50);
  for (const child of children.filter(isAlive)) {
    try {
      process.kill(child.pid, "SIGKILL");
    } catch {
      // It ended in this moment.
    }
  }
}
