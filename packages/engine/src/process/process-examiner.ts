import { readFile } from "node:fs/promises";
import type { Examination, Examiner, ProgramOutcome } from "../ports.ts";
import { findFamily } from "../programs/end-family.ts";
import { listenersOfProcesses } from "../programs/list-listeners.ts";
import { ProgramTimeout, runProgram } from "../programs/run-program.ts";
import { findProgram } from "./find-program.ts";
import { familyOf, findLeader, type InstanceRecord, readInstance } from "./instance-state.ts";
import { foldersOf, isPlainId, type ProcessRuntimeOptions, searchPath } from "./process-options.ts";
import { appFolder } from "./release-folders.ts";

const KEPT_LINES = 20;

/** Looks into instances that are processes of this machine. */
export class ProcessExaminer implements Examiner {
  readonly #options: ProcessRuntimeOptions;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
  }

  async run(name: string, argv: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<ProgramOutcome> {
    const record = await this.#read(name);
    const env = record && (await environmentOf(record));
    if (!record || !env) return notRun("The app was not running when the command was to be run.");
    const cwd = appFolder(record.releasePath);
    const found = await findProgram(argv, this.#options, cwd, env.PATH ?? searchPath([]));
    if (!found) return { ...notRun(`There is no program "${argv[0]}" for this app on the server.`), exitCode: 127 };
    const lines: string[] = [];
    const keep = (line: string) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    };
    try {
      const { exitCode } = await runProgram({
        argv: found,
        cwd,
        env,
        ids: this.#options.runAs ?? null,
        // Its own, so that what ends with it is not the app.
        mark: `check:${name}:${process.hrtime.bigint()}`,
        signal,
        timeoutMs,
        graceMs: 0,
        onStdout: keep,
        onStderr: keep,
      });
      return { exitCode, isTooSlow: false, lines };
    } catch (error) {
      const isTooSlow = error instanceof ProgramTimeout;
      return { exitCode: null, isTooSlow, lines: isTooSlow ? lines : [(error as Error).message] };
    }
  }

  async examine(name: string): Promise<Examination> {
    const record = await this.#read(name).catch(() => undefined);
    const family = record ? await findFamily(await familyOf(record)).catch(() => []) : [];
    const listeners = await listenersOfProcesses(family.map(({ pid }) => pid)).catch(() => undefined);
    return { listeners: listeners ?? null, memory: null, program: null, imageCheck: null };
  }

  async #read(name: string): Promise<InstanceRecord | undefined> {
    if (!isPlainId(name)) return undefined;
    const record = await readInstance(foldersOf(this.#options).instances, name);
    return record?.labels.owner === this.#options.owner ? record : undefined;
  }
}

const notRun = (why: string): ProgramOutcome => ({ exitCode: null, isTooSlow: false, lines: [why] });

/** The app's own: its variables are written nowhere else. Undefined when it does not run, or its system does not tell. */
async function environmentOf(record: InstanceRecord): Promise<Record<string, string> | undefined> {
  const leader = await findLeader(record);
  if (!leader) return undefined;
  const text = await readFile(`/proc/${leader.pid}/environ`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const entries = text.split("\0").filter((entry) => entry.includes("="));
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}
