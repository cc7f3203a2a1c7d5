import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** When it started, as the system tells it: with the pid it names one process, also after pids were reused */
  startedAt: string;
}

const run = promisify(execFile);

/** All processes of this machine that can still do something; zombies cannot. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  if (process.platform !== "linux") return listWithPs();
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return entries.filter((entry) => entry !== undefined);
}

/** The live process with this pid, or undefined. */
export async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  if (process.platform !== "linux") return (await listWithPs()).find((entry) => entry.pid === pid);
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

/** One line of /proc/<pid>/stat (proc(5)); the name in parentheses may hold anything, so fields count from the last one. */
export function parseStat(line: string): ProcessEntry | undefined {
  const end = line.lastIndexOf(")");
  const fields = line.slice(end + 2).split(" ");
  const [state, parent, group, session] = fields;
  const startedAt = fields[19];
  if (end < 0 || startedAt === undefined || state === "Z" || state === "X") return undefined;
  return {
    pid: Number.parseInt(line, 10),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startedAt,
  };
}

/** macOS: best effort, in seconds. */
async function listWithPs(): Promise<ProcessEntry[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,pgid=,sess=,stat=,lstart="], { env: { LC_ALL: "C" } });
  return stdout.split("\n").flatMap((line) => {
    const [pid, parent, group, session, state, ...startedAt] = line.trim().split(/\s+/);
    if (!pid || state?.startsWith("Z")) return [];
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        session: Number(session) || 0,
        startedAt: startedAt.join(" "),
      },
    ];
  });
}
