import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "@windlass/domain";
import { z } from "zod";
import type { CommandRequest, CommandRunner, EffectContext, OwnerLabels } from "../ports.ts";
import { commandFailure } from "../programs/command-failure.ts";
import { endFamily } from "../programs/end-family.ts";
import { removeFolder } from "../programs/remove-folder.ts";
import { ProgramTimeout, runProgram } from "../programs/run-program.ts";
import { findProgram } from "./find-program.ts";
import { readJson, writeJson } from "./json-file.ts";
import { makeBinFolder } from "./make-bin-folder.ts";
import { foldersOf, type ProcessRuntimeOptions, searchPath } from "./process-options.ts";
import { instanceName, limitProgram, variablesOf } from "./process-runtime.ts";
import { appFolder } from "./release-folders.ts";

const PURPOSES: readonly CommandRequest["purpose"][] = ["release", "post-deploy"];
const RECORD_FILE = "record.json";

/** From before it begins; how it ended, once it has. */
const Record = z.object({ owner: z.string(), exitCode: z.int().nullable(), hasEnded: z.boolean() });

/**
 * Commands as processes. One whose worker died is ended and run again: nobody would know how it ended. One that had
 * ended is not.
 */
export class ProcessCommandRunner implements CommandRunner {
  readonly #options: ProcessRuntimeOptions;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
  }

  async run(request: CommandRequest, context: EffectContext): Promise<void> {
    const { labels, artifact, config, variables, argv, timeoutMs } = request;
    if (artifact.kind !== "folder") throw new Error("A command of the process runtime needs a release folder.");
    const name = nameOf(labels, request.purpose);
    const folder = this.#folderOf(name);
    const before = await readJson(join(folder, RECORD_FILE), Record);
    if (before?.hasEnded) {
      await context.log("system", "A worker before ran this command to its end: it is not run a second time.");
      if (before.exitCode === 0) return;
      throw commandFailure(request, { exitCode: before.exitCode, lastLines: [] });
    }
    if (before) {
      await endFamily(this.#familyOf(name), 0);
      await context.log(
        "system",
        "A worker died while this command ran. What was left of it was ended; it runs again.",
      );
    }
    const cwd = appFolder(artifact.path);
    const path = searchPath([join(cwd, "node_modules/.bin"), await makeBinFolder(this.#options)]);
    const found = await findProgram(argv, this.#options, cwd, path);
    if (!found) throw commandFailure(request, { exitCode: 127, lastLines: [`There is no program "${argv[0]}".`] });
    const home = await this.#makeFolders(folder);
    const { owner, runAs = null } = this.#options;
    await writeJson(join(folder, RECORD_FILE), { owner, exitCode: null, hasEnded: false });
    const result = await runProgram({
      argv: await limitProgram(this.#options, found),
      cwd,
      env: {
        PATH: path,
        HOME: home,
        LANG: "C.UTF-8",
        NODE_ENV: "production",
        ...variablesOf(variables),
        PORT: String(config.port),
      },
      ids: runAs,
      mark: this.#familyOf(name).mark,
      signal: context.signal,
      timeoutMs,
      onStdout: (line) => context.log("stdout", line),
      onStderr: (line) => context.log("stderr", line),
    }).catch((error: unknown) => {
      if (error instanceof ProgramTimeout) {
        throw commandFailure(request, { exitCode: null, isOutOfTime: true, lastLines: [] });
      }
      if (error instanceof DomainError) throw error;
      throw commandFailure(request, { exitCode: 126, lastLines: [String(error)] });
    });
    // What it left running in the background ends with it.
    await endFamily(this.#familyOf(name), 0);
    await writeJson(join(folder, RECORD_FILE), { owner, exitCode: result.exitCode, hasEnded: true });
    if (result.exitCode === 0) return;
    const { exitCode, stopSignal, lastLines } = result;
    throw commandFailure(request, { exitCode, signal: stopSignal, lastLines });
  }

  async remove(labels: OwnerLabels): Promise<void> {
    for (const purpose of PURPOSES) {
      const name = nameOf(labels, purpose);
      const record = await readJson(join(this.#folderOf(name), RECORD_FILE), Record);
      if (record && record.owner !== this.#options.owner) continue;
      if (record && !record.hasEnded) await endFamily(this.#familyOf(name), 0);
      await removeFolder(this.#folderOf(name));
    }
  }

  #folderOf(name: string): string {
    return join(foldersOf(this.#options).commands, name);
  }

  #familyOf(name: string) {
    return { leader: null, mark: `${this.#options.owner}:${name}` };
  }

  async #makeFolders(folder: string): Promise<string> {
    const { runAs = null } = this.#options;
    const home = join(folder, "home");
    await removeFolder(folder);
    await mkdir(foldersOf(this.#options).commands, { recursive: true, mode: 0o711 });
    await mkdir(folder, { mode: 0o711 });
    await mkdir(home, { mode: 0o700 });
    if (runAs) await chown(home, runAs.uid, runAs.gid);
    return home;
  }
}

const nameOf = (labels: OwnerLabels, purpose: CommandRequest["purpose"]): string => instanceName(labels, purpose);
