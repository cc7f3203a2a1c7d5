import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Address, DomainError, failed, type RuntimeKind, Secret, type StartedInstance } from "@windlass/domain";
import { commandNotExecutable, commandNotFound } from "../health/causes.ts";
import { isTakenOver } from "../pipeline/is-taken-over.ts";
import type { EffectContext, InstanceState, OwnedInstance, OwnerLabels, Runtime, StartRequest } from "../ports.ts";
import { endFamily, FAMILY_VARIABLE, findFamily } from "../programs/end-family.ts";
import { readProcess } from "../programs/list-processes.ts";
import { removeFolder } from "../programs/remove-folder.ts";
import { cancelled } from "../programs/run-program.ts";
import { claimPort, releasePort, releaseStalePorts } from "./claim-port.ts";
import { findProgram } from "./find-program.ts";
import {
  EXIT_FILE,
  ExitRecord,
  familyOf,
  findLeader,
  type InstanceRecord,
  listInstances,
  OUTPUT_FILE,
  type ProcessKey,
  readInstance,
  STATE_FILE,
} from "./instance-state.ts";
import { createJson, readJson, writeJson } from "./json-file.ts";
import { makeBinFolder } from "./make-bin-folder.ts";
import { boundOutput, openOutput, readLastLines } from "./output-file.ts";
import { type Folders, foldersOf, isPlainId, type ProcessRuntimeOptions, searchPath } from "./process-options.ts";
import { appFolder } from "./release-folders.ts";

const HOST = "127.0.0.1";
const PORT_RANGE = [20_000, 29_999] as const;
const MAX_OPEN_FILES = 65_536;

/** Exits that this process will write down, by pid and start: whoever looks in between waits for them. */
const awaited = new Map<string, Promise<void>>();

/**
 * Runs releases as processes of this machine, each in a session of its own, so that neither a restart nor the death of
 * the worker touches them. What is known of one stands in its folder; the worker that spawned it writes down how it
 * ended, and after that worker's death an exit code is not known: a supervisor for each would cost 40 MB of memory.
 *
 * Limits: no core dumps, and a bound on open files. Memory is not limited, because RLIMIT_DATA counts address space that
 * Node.js only reserves (Node 26 does not start with 512 MB), nor processes, because RLIMIT_NPROC counts all apps of the
 * account together. Docker limits both.
 */
export class ProcessRuntime implements Runtime {
  readonly kind: RuntimeKind = "process";
  readonly #options: ProcessRuntimeOptions;
  readonly #folders: Folders;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#folders = foldersOf(options);
  }

  async start(request: StartRequest, context: EffectContext): Promise<StartedInstance> {
    if (context.signal.aborted) throw cancelled();
    const { labels, ordinal, artifact } = request;
    if (artifact.kind !== "folder") {
      throw new DomainError("start_failed", "This release is an image. Deploy again to build it for this runtime.");
    }
    const name = instanceName(labels, ordinal);
    const present = await this.#read(name);
    if (present && (await findLeader(present))) return { name, ordinal, address: addressOf(present) };
    if (present) await this.#remove(present, 0);

    const folder = join(this.#folders.instances, name);
    await this.#makeFolders(folder);
    const instances = await listInstances(this.#folders.instances);
    await releaseStalePorts(this.#folders.ports, (instance) => instances.some((record) => record.name === instance));
    const port = await claimPort(this.#folders.ports, this.#options.portRange ?? PORT_RANGE, name);
    const mark = `${this.#options.owner}:${name}`;
    const record: InstanceRecord = {
      name,
      labels,
      ordinal,
      releasePath: artifact.path,
      port,
      mark,
      process: null,
      startedBy: randomUUID(),
    };
    // Before the process exists: whoever comes after a crash finds it by its mark. A worker that was frozen on its way
    // here finds its successor's instance, and leaves it alone.
    if (!(await createJson(join(folder, STATE_FILE), record))) {
      // One that cannot be read speaks for nobody.
      if (!(await this.#read(name))) await rm(join(folder, STATE_FILE), { force: true });
      return this.start(request, context);
    }
    try {
      record.process = await this.#spawn(request, artifact.path, folder, record, context);
      if ((await this.#read(name))?.startedBy !== record.startedBy) {
        // A successor has begun anew while this worker was frozen: only what it itself has just started ends.
        if (record.process) endGroup(record.process.pid);
        throw new DomainError("lease_lost", "Another worker has taken this environment over.", { fault: "platform" });
      }
      await writeJson(join(folder, STATE_FILE), record);
      if (context.signal.aborted) throw cancelled();
      return { name, ordinal, address: addressOf(record) };
    } catch (error) {
      const isLost = isTakenOver(context.signal) || (error instanceof DomainError && error.code === "lease_lost");
      if (!isLost) await this.#remove(record, 0);
      throw error;
    }
  }

  async inspect(name: string): Promise<InstanceState> {
    const record = await this.#read(name);
    if (!record) return { state: "missing" };
    const folder = join(this.#folders.instances, name);
    await boundOutput(join(folder, OUTPUT_FILE));
    if (await findLeader(record)) return { state: "running", address: addressOf(record), restarts: 0 };
    if (record.process) await awaited.get(keyOf(record.process));
    const written = await readJson(join(folder, EXIT_FILE), ExitRecord);
    const isOfThis = written && record.process && keyOf(written.process) === keyOf(record.process);
    const exit = isOfThis ? written : undefined;
    const { exitCode, signal } = exit ?? { exitCode: null, signal: null };
    const outOfMemory = await this.#ranOutOfMemory(folder, exit);
    return { state: "exited", exitCode, signal, outOfMemory, restarts: 0, willRestart: false };
  }

  async logs(name: string, lines: number): Promise<string[]> {
    if (lines <= 0 || !(await this.#read(name))) return [];
    const path = join(this.#folders.instances, name, OUTPUT_FILE);
    await boundOutput(path);
    return readLastLines(path, lines);
  }

  async stop(name: string, graceSeconds: number): Promise<void> {
    const record = await this.#read(name);
    if (record) return this.#remove(record, graceSeconds * 1000);
    // What a killed worker left of a removal: its family had ended before.
    if (isPlainId(name) && !(await readInstance(this.#folders.instances, name))) {
      await removeFolder(join(this.#folders.instances, name));
    }
  }

  async listOwned(environmentId?: string): Promise<OwnedInstance[]> {
    const all = await listInstances(this.#folders.instances);
    const ours = all.filter(
      ({ labels }) =>
        labels.owner === this.#options.owner && (environmentId === undefined || labels.environmentId === environmentId),
    );
    return Promise.all(
      ours.map(async (record) => {
        await boundOutput(join(this.#folders.instances, record.name, OUTPUT_FILE));
        // Its first process may be gone and its children live on: that is not stopped.
        const isRunning =
          (await findLeader(record)) !== undefined || (await findFamily(await familyOf(record))).length > 0;
        return { name: record.name, labels: record.labels, ordinal: record.ordinal, isRunning };
      }),
    );
  }

  async removeEnvironment(environmentId: string): Promise<void> {
    if (!isPlainId(environmentId)) return;
    const all = await listInstances(this.#folders.instances);
    if (all.some(({ labels }) => labels.environmentId === environmentId)) return;
    await removeFolder(join(this.#folders.environments, environmentId));
  }

  async #read(name: string): Promise<InstanceRecord | undefined> {
    if (!isPlainId(name)) return undefined;
    const record = await readInstance(this.#folders.instances, name);
    return record?.labels.owner === this.#options.owner ? record : undefined;
  }

  async #makeFolders(folder: string): Promise<void> {
    const { runAs = null } = this.#options;
    await removeFolder(folder);
    await mkdir(this.#folders.instances, { recursive: true, mode: 0o711 });
    await mkdir(folder, { mode: 0o711 });
    await mkdir(homeOf(folder), { mode: 0o700 });
    if (runAs) await chown(homeOf(folder), runAs.uid, runAs.gid);
  }

  async #spawn(
    { artifact, config, variables }: StartRequest,
    releasePath: string,
    folder: string,
    { port, mark }: InstanceRecord,
    context: EffectContext,
  ): Promise<ProcessKey> {
    const cwd = appFolder(releasePath);
    const path = searchPath([join(cwd, "node_modules/.bin"), await makeBinFolder(this.#options)]);
    const command = config.command ?? (artifact.kind === "folder" ? artifact.command : []);
    const argv = await findProgram(command, this.#options, cwd, path);
    if (!argv) {
      const program = command[0] ?? "";
      throw failed("start_failed", commandNotFound(program, config.command !== undefined, "on the server"), {
        evidence: [command.join(" ")],
      });
    }
    const env = {
      PATH: path,
      HOME: homeOf(folder),
      LANG: "C.UTF-8",
      NODE_ENV: "production",
      HOST,
      ...variablesOf(variables),
      PORT: String(port),
      [FAMILY_VARIABLE]: mark,
    };
    if (context.signal.aborted) throw cancelled();
    const output = await openOutput(join(folder, OUTPUT_FILE));
    try {
      const [program, ...args] = await limitProgram(this.#options, argv);
      const child = spawn(program, args, {
        cwd,
        env,
        detached: true,
        stdio: ["ignore", output.fd, output.fd],
        ...(this.#options.runAs ?? {}),
      });
      await Promise.race([once(child, "spawn"), once(child, "error").then(([error]) => Promise.reject(error))]);
      const pid = child.pid as number;
      const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
      child.unref();
      const startedAt = (await readProcess(pid))?.startedAt ?? "ended";
      this.#writeDownExit({ pid, startedAt }, exited, folder);
      return { pid, startedAt };
    } catch (error) {
      if (error instanceof DomainError) throw error;
      throw startError(error, argv[0]);
    } finally {
      await output.close();
    }
  }

  #writeDownExit(started: ProcessKey, exited: Promise<[number | null, NodeJS.Signals | null]>, folder: string): void {
    const key = keyOf(started);
    const written = exited
      .then(([exitCode, signal]) =>
        writeJson(join(folder, EXIT_FILE), { process: started, exitCode, signal } satisfies ExitRecord),
      )
      // Stopped meanwhile: the folder is gone, and nobody asks any more.
      .catch(() => {})
      .finally(() => awaited.delete(key));
    awaited.set(key, written);
  }

  async #ranOutOfMemory(folder: string, exit: ExitRecord | undefined): Promise<boolean> {
    if (exit?.signal !== "SIGABRT" && exit?.exitCode !== 134) return false;
    const lines = await readLastLines(join(folder, OUTPUT_FILE), 50);
    return lines.some((line) => /FATAL ERROR: .*out of memory/i.test(line));
  }

  /** Ends whatever lives of it, and only then forgets it. */
  async #remove(record: InstanceRecord, graceMs: number): Promise<void> {
    await endFamily(await familyOf(record), graceMs);
    if (record.process) await awaited.get(keyOf(record.process));
    await removeInstanceFolder(join(this.#folders.instances, record.name));
    await releasePort(this.#folders.ports, record.port, record.name);
  }
}

/** In front of the program itself: it sets the limits and becomes the program. */
export async function limitProgram(
  { prlimitPath = null }: ProcessRuntimeOptions,
  argv: [string, ...string[]],
): Promise<[string, ...string[]]> {
  if (prlimitPath === null) return argv;
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1]);
  const files = Number.isFinite(hard) ? Math.min(hard, MAX_OPEN_FILES) : undefined;
  return [prlimitPath, "--core=0", ...(files ? [`--nofile=${files}:${files}`] : []), "--", ...argv];
}

/** What tells of the instance goes last: whoever comes after a crash in between finds it again. */
async function removeInstanceFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one !== STATE_FILE)) {
    await removeFolder(join(folder, name));
  }
  await removeFolder(folder);
}

const homeOf = (folder: string): string => join(folder, "home");

const keyOf = ({ pid, startedAt }: ProcessKey): string => `${pid} ${startedAt}`;

const addressOf = ({ port }: InstanceRecord): Address => ({ host: HOST, port });

/** Follows from the release: the last part of a UUIDv7 is its random one. */
export function instanceName({ appSlug, environmentSlug, releaseId }: OwnerLabels, ordinal: number | string): string {
  const id = releaseId
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(-12);
  return `wl-${appSlug}-${environmentSlug}-${id}-${ordinal}`;
}

export const variablesOf = (variables: StartRequest["variables"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : value]),
  );

function startError(error: unknown, program: string): DomainError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOEXEC") {
    return failed("start_failed", commandNotExecutable(program), { evidence: [message], cause: error });
  }
  const why =
    code === "EACCES"
      ? `the account that apps run under may not run ${program} or enter the release's folder`
      : code === "E2BIG"
        ? "its variables are too large together"
        : code === "ENOENT"
          ? "its release folder is gone. Deploy again"
          : message;
  return new DomainError("start_failed", `The app could not be started: ${why}.`, {
    fault: "server",
    evidence: [message],
    cause: error,
  });
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It has ended.
  }
}
