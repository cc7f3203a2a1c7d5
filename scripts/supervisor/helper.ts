import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import path from "node:path";
import { LogFile } from "./log-file.ts";
import { StartFailure } from "./start-failure.ts";

/** What a helper says before it ends: a result, or why there is none. */
export type HelperMessage<Progress, Result> =
  | { type: "progress"; progress: Progress }
  | { type: "result"; result: Result }
  | { type: "failed"; message: string; todo: string; evidence: string[] };

/**
 * Work that needs the database's libraries is done by a process that ends with it: loaded here, they would stay in the
 * supervisor's memory for as long as Windlass runs.
 */
export async function runHelper<Result, Progress = never>(
  name: string,
  options: {
    dataFolder: string;
    env: NodeJS.ProcessEnv;
    signal: AbortSignal;
    onProgress?: (progress: Progress) => void;
  },
): Promise<Result> {
  const log = new LogFile(options.dataFolder, "supervisor");
  const logStart = log.size;
  const output = log.open();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "helpers", `${name}.ts`)], {
    env: options.env,
    stdio: ["ignore", output, output, "ipc"],
    detached: true,
  });
  closeSync(output);
  const abort = () => child.kill("SIGTERM");
  options.signal.addEventListener("abort", abort, { once: true });
  let ended: { result: Result } | StartFailure | undefined;
  child.on("message", (message: HelperMessage<Progress, Result>) => {
    if (message.type === "progress") options.onProgress?.(message.progress);
    else if (message.type === "result") ended = { result: message.result };
    else ended = new StartFailure(message.message, message.todo, { evidence: message.evidence });
  });
  const how = await new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
    child.once("error", (error) => resolve(error.message));
  });
  options.signal.removeEventListener("abort", abort);
  options.signal.throwIfAborted();
  if (ended instanceof StartFailure) throw ended;
  if (ended) return ended.result;
  throw new StartFailure(`A part of the start (${name}) ended early: ${how}.`, `Its log is ${log.path}.`, {
    evidence: log.tail(12, logStart),
  });
}
