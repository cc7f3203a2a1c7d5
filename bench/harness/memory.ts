import { readdirSync, readFileSync } from "node:fs";

/** Linux only: other systems have no /proc. */
export const canReadMemory = process.platform === "linux";

export interface Memory {
  /** Resident, shared pages counted whole */
  rssMb: number;
  /** Shared pages divided among those that share them: what the sum over processes really takes */
  pssMb: number;
}

export function memoryOf(pids: readonly number[]): Memory {
  const sum = { rssMb: 0, pssMb: 0 };
  for (const pid of pids) {
    const text = readOr(`/proc/${pid}/smaps_rollup`);
    sum.rssMb += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
    sum.pssMb += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  }
  return sum;
}

const TICK_MS = 10;

/** Processor time that a process has used, user and system, in milliseconds; in steps of 10. */
export function processorMsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** What follows the program's name, which stands in parentheses and may have spaces. */
function fieldsOf(pid: number | string): string[] {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export function listProcesses(): { pid: number; parent: number; command: string }[] {
  if (!canReadMemory) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(fieldsOf(name)[1]),
      command: readOr(`/proc/${name}/cmdline`).replaceAll("\0", " "),
    }));
}

/** How many files, sockets and the like a process has open. */
export function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** How many processes were given an environment with this beginning of an entry. */
export const countMarkedProcesses = (mark: string): number =>
  listProcesses().filter(({ pid }) =>
    readOr(`/proc/${pid}/environ`)
      .split("\0")
      .some((entry) => entry.startsWith(mark)),
  ).length;

/** A process that ended meanwhile has nothing. */
function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
