import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import type Dockerode from "dockerode";
import type { Examination, Examiner, Listener, ProgramOutcome } from "../ports.ts";
import { endFamily } from "../programs/end-family.ts";
import { listenersOfNamespace, parseTcpTable } from "../programs/list-listeners.ts";
import { readMachine } from "../programs/read-machine.ts";
import { engineError, requestSignal, statusOf } from "./errors.ts";
import { readLogFrames } from "./log-lines.ts";
import { readLabels } from "./names.ts";

const MOST_OUTPUT_BYTES = 64 * 1024;
const KEPT_LINES = 20;
const MOST_LINKS = 5;
const EXAMINE_LIMIT_MS = 3000;
/** The engine's own name server, in every container's network namespace. */
const ENGINE_DNS = "127.0.0.11";
/** What the engine gives a container whose image sets none. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Looks into containers of this owner. */
export class DockerExaminer implements Examiner {
  readonly #engine: Dockerode;
  readonly #owner: string;

  constructor({ engine, owner }: { engine: Dockerode; owner: string }) {
    this.#engine = engine;
    this.#owner = owner;
  }

  async run(name: string, argv: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<ProgramOutcome> {
    const container = this.#engine.getContainer(name);
    const limit = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([limit, signal]);
    let exec: Dockerode.Exec | undefined;
    const chunks: Buffer[] = [];
    try {
      if (!(await this.#find(name))) return notRun("The instance is gone.");
      exec = await container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true });
      await readSome(
        await exec.start({ abortSignal: requestSignal(either) } as Dockerode.ExecStartOptions),
        chunks,
        either,
      );
      const { ExitCode } = await exec.inspect();
      return { exitCode: ExitCode, isTooSlow: false, lines: linesOf(chunks) };
    } catch (error) {
      if (exec && either.aborted) {
        await this.#end(name, exec);
        return { exitCode: null, isTooSlow: limit.aborted && !signal.aborted, lines: linesOf(chunks) };
      }
      // 409: the container does not run (any more). 400: there is no such program in it.
      if (statusOf(error) === 409) return notRun("The app was not running when the command was to be run.");
      if (statusOf(error) === 400 || statusOf(error) === 404) return notRun(String((error as Error).message));
      throw engineError(error, "runtime_unavailable", `running a check in ${name}`);
    }
  }

  async examine(name: string): Promise<Examination> {
    const details = await this.#find(name).catch(() => undefined);
    if (!details) return { listeners: null, memory: null, program: null, imageCheck: null };
    const limitBytes = details.HostConfig.Memory || null;
    const isUp = details.State.Running && !details.State.Restarting;
    const [listeners, peakBytes, program] = await Promise.all([
      isUp ? this.#listeners(name, details) : null,
      isUp ? this.#peakMemory(name) : null,
      this.#program(name, details),
    ]);
    return { listeners, memory: { limitBytes, peakBytes }, program, imageCheck: readHealthcheck(details) };
  }

  /** The one of this owner with that name; undefined when there is none. */
  async #find(name: string): Promise<Dockerode.ContainerInspectInfo | undefined> {
    try {
      const details = await this.#engine.getContainer(name).inspect();
      return readLabels(details.Config.Labels)?.owner === this.#owner ? details : undefined;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw engineError(error, "runtime_unavailable", `looking at ${name}`);
    }
  }

  /** From this machine's /proc where the container is on it, else by asking inside, where there is a `cat`. */
  async #listeners(name: string, { Id, State }: Dockerode.ContainerInspectInfo): Promise<Listener[] | null> {
    const seen = (await isOfContainer(State.Pid, Id))
      ? await listenersOfNamespace(State.Pid)
      : await this.#askInside(name);
    return seen?.filter(({ host }) => host !== ENGINE_DNS) ?? null;
  }

  async #askInside(name: string): Promise<Listener[] | undefined> {
    const files = ["/proc/net/tcp", "/proc/net/tcp6"];
    const tables = await Promise.all(
      files.map((file) =>
        this.run(name, ["cat", file], EXAMINE_LIMIT_MS, new AbortController().signal).catch(() => undefined),
      ),
    );
    if (tables[0]?.exitCode !== 0) return undefined;
    return tables.flatMap((table) => (table?.exitCode === 0 ? parseTcpTable(table.lines.join("\n")) : []));
  }

  /** Only the first version of control groups keeps it. */
  async #peakMemory(name: string): Promise<number | null> {
    try {
      const stats = await this.#engine.getContainer(name).stats({ stream: false, "one-shot": true });
      return stats.memory_stats.max_usage ?? stats.memory_stats.usage ?? null;
    } catch {
      return null;
    }
  }

  async #program(name: string, details: Dockerode.ContainerInspectInfo): Promise<Examination["program"]> {
    const program = details.Path;
    const path = details.Config.Env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
    const places = program.includes("/")
      ? [posix.resolve("/", details.Config.WorkingDir, program)]
      : path.split(":").map((folder) => posix.join(folder, program));
    try {
      const serverMachine = machineName(String((await this.#engine.version()).Arch));
      for (const place of places) {
        const head = await this.#headOf(name, place);
        if (head) return { path: place, exists: true, machine: readMachine(head), serverMachine };
      }
      return { path: program, exists: false, machine: null, serverMachine };
    } catch {
      return null;
    }
  }

  /** The first bytes of a file in the container, through links; undefined when there is none. */
  async #headOf(name: string, path: string): Promise<Buffer | undefined> {
    let at = path;
    for (let link = 0; link <= MOST_LINKS; link++) {
      const stream = await this.#engine
        .getContainer(name)
        .getArchive({ path: at })
        .catch((error: unknown) => {
          if (statusOf(error) === 404) return undefined;
          throw error;
        });
      if (!stream) return undefined;
      const { type, linkName, data } = readTarEntry(await readHead(stream, 1024));
      if (type !== "2") return data;
      at = posix.resolve(posix.dirname(at), linkName);
    }
    return undefined;
  }

  /** What took too long is ended, where its process can be reached; elsewhere it ends with the instance. */
  async #end(name: string, exec: Dockerode.Exec): Promise<void> {
    const state = (await exec.inspect().catch(() => undefined)) as { Pid?: number; ContainerID?: string } | undefined;
    const details = await this.#find(name).catch(() => undefined);
    if (!state?.Pid || !details || !(await isOfContainer(state.Pid, details.Id))) return;
    await endFamily({ leader: state.Pid, mark: null }, 0).catch(() => {});
  }
}

const notRun = (why: string): ProgramOutcome => ({ exitCode: null, isTooSlow: false, lines: [why] });

const linesOf = (chunks: Buffer[]): string[] => readLogFrames(Buffer.concat(chunks)).slice(-KEPT_LINES);

async function readSome(stream: NodeJS.ReadableStream, chunks: Buffer[], signal: AbortSignal): Promise<void> {
  const end = () => (stream as unknown as { destroy(error: unknown): void }).destroy(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += (chunk as Buffer).length;
      if (bytes <= MOST_OUTPUT_BYTES) chunks.push(chunk as Buffer);
    }
  } finally {
    signal.removeEventListener("abort", end);
  }
  signal.throwIfAborted();
}

async function readHead(stream: NodeJS.ReadableStream, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes >= length) break;
  }
  return Buffer.concat(parts);
}

/** The first entry of a tar archive: its type, what it links to, and what follows the header (POSIX ustar). */
function readTarEntry(archive: Buffer): { type: string; linkName: string; data: Buffer } {
  const text = (from: number, to: number) => archive.toString("utf8", from, to).replace(/\0.*$/s, "");
  return { type: text(156, 157), linkName: text(157, 257), data: archive.subarray(512) };
}

/** Whether a process of this machine is the container's: an engine elsewhere counts its own. */
async function isOfContainer(pid: number, containerId: string): Promise<boolean> {
  if (pid <= 0 || process.platform !== "linux") return false;
  const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  return groups.includes(containerId);
}

/** Docker's test as argv; null when the image has none or it was switched off. */
function readHealthcheck({ Config }: Dockerode.ContainerInspectInfo): string[] | null {
  const [how, ...words] = Config.Healthcheck?.Test ?? [];
  if (how === "CMD" && words.length > 0) return words;
  const shell = (Config as { Shell?: string[] }).Shell ?? ["/bin/sh", "-c"];
  return how === "CMD-SHELL" && words[0] ? [...shell, words[0]] : null;
}

/** The engine speaks Go's names, uname its own. */
const machineName = (arch: string): string =>
  ({ x86_64: "amd64", aarch64: "arm64", armv7l: "arm", armv6l: "arm", i386: "386", i686: "386" })[arch] ?? arch;
