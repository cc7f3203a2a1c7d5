import { spawn } from "node:child_process";
import { once } from "node:events";
import { DomainError } from "@windlass/domain";
import { endFamily, FAMILY_VARIABLE } from "./end-family.ts";
import { splitLines } from "./split-lines.ts";

export interface ProgramRequest {
  /** The program and its arguments; no shell sees them */
  argv: readonly [string, ...string[]];
  /** The whole environment: nothing is inherited */
  env: Record<string, string>;
  cwd: string;
  /** Another account to run under */
  ids?: { uid: number; gid: number } | null;
  signal?: AbortSignal;
  /** Value of FAMILY_VARIABLE, so that children that leave the process group are found too */
  mark?: string;
  /** Ends the program when it takes longer; rejects with ProgramTimeout */
  timeoutMs?: number;
  /** What the program reads on stdin; nothing when absent */
  input?: string;
  /** Where lines go; stdout is kept in `stdout` when it has no reader */
  onStdout?: (line: string) => Promise<void> | void;
  onStderr?: (line: string) => Promise<void> | void;
  /** Of kept output; more ends the program and rejects with OutputTooLarge */
  maxOutputBytes?: number;
  /** Between the polite and the final signal when it is cancelled */
  graceMs?: number;
}

export interface ProgramResult {
  exitCode: number | null;
  stopSignal: NodeJS.Signals | null;
  stdout: Buffer;
  /** The last lines of both streams, oldest first */
  lastLines: string[];
}

export class ProgramTimeout extends Error {}
export class OutputTooLarge extends Error {}

const KEPT_LINES = 40;
const DEFAULT_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program in a process group of its own. When `signal` aborts, everything it started is ended within a second,
 * confirmed, and the call rejects with `cancelled`.
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const { signal, mark = null, graceMs = 300 } = request;
  if (signal?.aborted) throw cancelled();
  const [program, ...rest] = request.argv;
  const child = spawn(program, rest, {
    cwd: request.cwd,
    env: mark === null ? request.env : { ...request.env, [FAMILY_VARIABLE]: mark },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    ...(request.ids ?? {}),
  });
  await Promise.race([once(child, "spawn"), once(child, "error").then(([error]) => Promise.reject(error))]);
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const family = { leader: child.pid ?? null, mark };

  let ended: Error | undefined;
  // What a marked program leaves running in the background ends with it.
  if (mark !== null) void exited.then(() => endFamily(family, 0)).catch(() => {});
  let ending: Promise<void> | undefined;
  const end = (why: Error, grace = graceMs) => {
    ended ??= why;
    ending ??= endFamily(family, grace).then(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    });
  };
  const onAbort = () => end(cancelled());
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const timer =
    request.timeoutMs === undefined
      ? undefined
      : setTimeout(() => end(new ProgramTimeout(`${program} took too long`), 0), request.timeoutMs);

  const lastLines: string[] = [];
  const kept: Buffer[] = [];
  let keptBytes = 0;
  const remember = (line: string) => {
    lastLines.push(line.slice(0, 1000));
    if (lastLines.length > KEPT_LINES) lastLines.shift();
  };
  const reading = (stream: AsyncIterable<Buffer>, onLine: ProgramRequest["onStdout"]) =>
    splitLines(stream, async (line) => {
      remember(line);
      await onLine?.(line);
    });
  const keeping = async (stream: AsyncIterable<Buffer>) => {
    for await (const chunk of stream) {
      keptBytes += chunk.length;
      if (keptBytes > (request.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES)) end(new OutputTooLarge(program), 0);
      else kept.push(chunk);
    }
  };

  try {
    child.stdin.on("error", () => {});
    child.stdin.end(request.input);
    await Promise.all([
      exited,
      request.onStdout ? reading(child.stdout, request.onStdout) : keeping(child.stdout),
      reading(child.stderr, request.onStderr),
    ]);
  } catch (error) {
    // Streams end early only because we destroyed them; anything else is a reader that failed.
    end(error as Error, 0);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    await ending;
  }
  if (ended) throw ended;
  const [exitCode, stopSignal] = await exited;
  return { exitCode, stopSignal, stdout: Buffer.concat(kept), lastLines };
}

export const cancelled = (): DomainError => new DomainError("cancelled", "The deployment was cancelled.");
