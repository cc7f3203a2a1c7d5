import { type ChildProcess, fork, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LoadOrder, LoadReport } from "./generate-load.ts";

/** Processes that a measurement starts; all end with it. */
const started = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

function keep(child: ChildProcess): ChildProcess {
  started.add(child);
  child.once("exit", () => started.delete(child));
  return child;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export function nextMessage<T>(child: ChildProcess): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onExit = (code: number | null): void => reject(new Error(`${child.spawnargs.join(" ")} ended with ${code}`));
  child.once("exit", onExit);
  child.once("message", (message) => {
    child.off("exit", onExit);
    resolve(message as T);
  });
  return promise;
}

/** Starts a TypeScript program of this repository (path from bench/harness) and resolves with it and its first message. */
export async function startProgram<T>(
  path: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; message: T }> {
  const child = keep(
    fork(here(path), args, {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, ...env },
    }),
  );
  return { child, message: await nextMessage<T>(child) };
}

/** As the router runs in production: V8's default young generation alone makes 30 MB more of it under load. */
export const YOUNG_GENERATION = "--max-semi-space-size=2";

/** Starts the router on a socket that is held for it, as `npm start` does; resolves once it is ready. */
export async function startRouterOn(fd: number, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = keep(
    spawn(process.execPath, [YOUNG_GENERATION, here("../../apps/router/src/main.ts")], {
      stdio: ["ignore", "ignore", "inherit", fd, "ipc"],
      env: { ...process.env, ...env, LISTEN_FDS: "1" },
    }),
  );
  await nextMessage(child);
  return child;
}

/** Starts any other program and resolves when its standard error has this text. */
export async function startForeign(
  command: string,
  args: string[],
  readyText: string,
  options: SpawnOptions = {},
): Promise<ChildProcess> {
  const child = keep(spawn(command, args, { ...options, stdio: ["ignore", "ignore", "pipe"] }));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (said.length > 100_000) return;
    said += text;
    if (said.includes(readyText)) resolve();
  });
  child.once("error", reject).once("exit", () => reject(new Error(`${command} ended: ${said}`)));
  await promise;
  return child;
}

export interface Load {
  stop(): Promise<LoadReport>;
}

/** Keep-alive load in a process of its own; resolves when every fast connection has had an answer. */
export async function startLoad(order: LoadOrder): Promise<Load> {
  const { child } = await startProgram("generate-load.ts", [JSON.stringify(order)]);
  return {
    stop() {
      const report = nextMessage<LoadReport>(child);
      child.send({ type: "stop" });
      return report;
    },
  };
}

const TICK_MS = 10;

/** Processor time that a process has used, user and system, in milliseconds; in steps of 10. Linux only. */
export function processorMs(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  // The second field is the program's name in parentheses, which may have spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process in MB. Linux only. */
export function residentMb(child: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}
