import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "@windlass/domain";
import { listProcesses, type ProcessEntry } from "./list-processes.ts";

/** Marks each process that a family starts: the environment is inherited where group and session are not. */
export const FAMILY_VARIABLE = "WINDLASS_FAMILY";

export interface Family {
  /** Process group and session that the first process opened; null when its pid belongs to another process by now */
  leader: number | null;
  /** Value of FAMILY_VARIABLE in its environment */
  mark: string | null;
}

const LOOK_AGAIN_MS = 15;
/** A process in the kernel's hands (a lost network disk) does not even end by SIGKILL. */
const GIVE_UP_MS = 30_000;

/**
 * Living members: the leader's group and session, their descendants, and processes that carry the mark. A process that
 * left the group, the session, its parents and its environment behind is no longer told from a stranger's.
 */
export async function findFamily(family: Family): Promise<ProcessEntry[]> {
  const all = await listProcesses();
  const { leader, mark } = family;
  const members = new Map<number, ProcessEntry>();
  for (const entry of all) {
    if (leader !== null && (entry.pid === leader || entry.group === leader || entry.session === leader)) {
      members.set(entry.pid, entry);
    } else if (mark !== null && (await carriesMark(entry.pid, mark))) members.set(entry.pid, entry);
  }
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const entry of all) if (members.has(entry.parent)) members.set(entry.pid, entry);
  }
  members.delete(process.pid);
  return [...members.values()];
}

async function carriesMark(pid: number, mark: string): Promise<boolean> {
  if (pid === process.pid || process.platform !== "linux") return false;
  try {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    return environment.split("\0").includes(`${FAMILY_VARIABLE}=${mark}`);
  } catch {
    return false;
  }
}

/** SIGTERM to all, SIGKILL to who is left after `graceMs`; resolves when no member lives any more, rejects when one does not end. */
export async function endFamily(family: Family, graceMs: number): Promise<void> {
  let members = await findFamily(family);
  if (graceMs > 0) for (const member of members) signalProcess(member.pid, "SIGTERM");
  const deadline = performance.now() + graceMs;
  while (members.length > 0) {
    if (performance.now() >= deadline + GIVE_UP_MS) {
      const pids = members.map(({ pid }) => pid).join(", ");
      throw new DomainError(
        "runtime_unavailable",
        `These processes do not end, even when killed: ${pids}. Look at the server.`,
        {
          fault: "server",
          retryable: true,
        },
      );
    }
    if (performance.now() >= deadline) for (const member of members) signalProcess(member.pid, "SIGKILL");
    await sleep(LOOK_AGAIN_MS);
    members = await findFamily(family);
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
