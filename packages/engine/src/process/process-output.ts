import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { OUTPUT_STREAMS, OutputBuffer } from "../log/output-buffer.ts";
import { OUTPUT_HIGH_BYTES, paceOutput } from "../log/pace-output.ts";
import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";
import type { InstanceOutput, OutputBatch } from "../ports.ts";
import { OUTPUT_FILE, readInstance } from "./instance-state.ts";
import { keptPath, readCut } from "./output-file.ts";
import { foldersOf, isPlainId, type ProcessRuntimeOptions } from "./process-options.ts";

/** Where to go on in an output file. */
const FilePosition = z.object({
  /** Which file: a new instance of the same name writes a new one */
  file: z.string(),
  /** How often it was emptied */
  cuts: z.int(),
  offset: z.int(),
});
type FilePosition = z.infer<typeof FilePosition>;

const READ_BYTES = 256 * 1024;
const LINE_BREAK = 10;
/** The system tells of writes; this is for one that it did not tell. */
const LOOK_AGAIN_MS = 1000;

/**
 * Follows processes' output files. They carry neither times nor streams: a line's time is when it was read, or when the
 * file was last written to, whichever is earlier.
 */
export class ProcessOutput implements InstanceOutput {
  readonly #instances: string;
  readonly #owner: string;

  constructor(options: ProcessRuntimeOptions) {
    this.#instances = foldersOf(options).instances;
    this.#owner = options.owner;
  }

  async *follow(name: string, after: unknown, signal: AbortSignal): AsyncGenerator<OutputBatch, void, undefined> {
    const known = FilePosition.safeParse(after);
    const before = known.success ? known.data : undefined;
    const file = await this.#open(name);
    if (!file) {
      if (before) yield lostEnd(before);
      return;
    }
    const reader = new FileReader(file.handle, file.path, file.id, before);
    const stopped = new AbortController();
    const until = AbortSignal.any([signal, stopped.signal]);
    const reading = reader.run(until);
    try {
      yield* paceOutput(reader.lines, reader, signal);
      if (reader.failure !== undefined && !signal.aborted) throw reader.failure;
    } finally {
      stopped.abort();
      await reading;
      await file.handle.close();
    }
  }

  async #open(name: string): Promise<{ handle: FileHandle; path: string; id: string } | undefined> {
    if (!isPlainId(name)) return undefined;
    const record = await readInstance(this.#instances, name);
    if (record?.labels.owner !== this.#owner) return undefined;
    const path = join(this.#instances, name, OUTPUT_FILE);
    const handle = await open(path, "r").catch(() => undefined);
    if (!handle) return undefined;
    const { ino, birthtimeMs } = await handle.stat();
    return { handle, path, id: `${ino} ${birthtimeMs}` };
  }
}

/** Reads one file to its end, and on, until it is removed. */
class FileReader {
  readonly lines = new OutputBuffer();
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #id: string;
  #cuts: number;
  #offset: number;
  /** Read, but no line break yet */
  #rest: Buffer = Buffer.alloc(0);
  #leftOut = 0;
  #isOver = false;
  #tell = () => {};
  #resume = () => {};
  failure: unknown;

  constructor(handle: FileHandle, path: string, id: string, before: FilePosition | undefined) {
    this.#handle = handle;
    this.#path = path;
    this.#id = id;
    const isSame = before?.file === id;
    this.#offset = isSame ? before.offset : 0;
    this.#cuts = isSame ? before.cuts : 0;
  }

  /** Behind the last whole line. */
  position(): FilePosition {
    return { file: this.#id, cuts: this.#cuts, offset: this.#offset - this.#rest.length - this.#leftOut };
  }

  onChange(call: () => void): void {
    this.#tell = call;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  resume(): void {
    this.#resume();
  }

  async run(signal: AbortSignal): Promise<void> {
    let wake = () => {};
    let isDirty = true;
    const touched = () => {
      isDirty = true;
      wake();
    };
    const timer = setInterval(touched, LOOK_AGAIN_MS);
    signal.addEventListener("abort", touched, { once: true });
    let watcher: ReturnType<typeof watch> | undefined;
    try {
      watcher = watch(this.#path, touched).on("error", () => {});
    } catch {
      // It was removed already, or the system has no watches left: the timer looks.
    }
    try {
      while (!signal.aborted) {
        isDirty = false;
        // Asked before reading: what is removed is written to no more.
        const { nlink } = await this.#handle.stat();
        await this.#readAll(signal);
        if (nlink === 0) {
          this.#finish();
          break;
        }
        if (!isDirty && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      }
    } catch (error) {
      this.failure = error;
    } finally {
      clearInterval(timer);
      watcher?.close();
      this.#isOver = true;
      this.#tell();
    }
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    await this.#passCut();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    while (!signal.aborted) {
      const { bytesRead } = await this.#handle.read(buffer, 0, READ_BYTES, this.#offset);
      if (bytesRead === 0) return;
      const { mtimeMs } = await this.#handle.stat();
      this.#offset += bytesRead;
      this.#split(buffer.subarray(0, bytesRead), Math.min(Date.now(), mtimeMs));
      this.#tell();
      if (this.lines.bytes >= OUTPUT_HIGH_BYTES) await this.#roomAgain(signal);
    }
  }

  #roomAgain(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** The file was emptied, its last megabyte kept beside: first what we had not read of that. */
  async #passCut(): Promise<void> {
    const cut = await readCut(this.#path);
    if (!cut || cut.cuts <= this.#cuts) return;
    const { size } = await this.#handle.stat();
    // Written down, and about to be emptied.
    if (size >= cut.size) return;
    const kept = await open(keptPath(this.#path), "r").catch(() => undefined);
    const from = cut.cuts === this.#cuts + 1 ? Math.max(this.#offset, cut.keptFrom) : cut.keptFrom;
    const missed = cut.cuts === this.#cuts + 1 ? cut.keptFrom - this.#offset : undefined;
    try {
      if (missed === undefined || missed > 0) {
        this.#rest = Buffer.alloc(0);
        const amount = missed === undefined ? "Some" : `About ${Math.ceil(missed / 1024).toLocaleString("en")} kB of`;
        this.lines.remark(
          `${amount} output is missing here: it came faster than it could be read, and of a process only the newest 16 MB are kept.`,
          Date.now(),
        );
      }
      const rest = kept ? await kept.readFile() : Buffer.alloc(0);
      this.#cuts = cut.cuts;
      this.#offset = 0;
      if (rest.length > from - cut.keptFrom) this.#split(rest.subarray(from - cut.keptFrom), Date.now());
      this.#finish();
    } finally {
      await kept?.close();
    }
  }

  #split(data: Buffer, at: number): void {
    let from = 0;
    for (let stop = data.indexOf(LINE_BREAK); stop !== -1; stop = data.indexOf(LINE_BREAK, from)) {
      if (this.#rest.length > 0) {
        const line = Buffer.concat([this.#rest, data.subarray(from, stop)]);
        this.lines.add(line, 0, line.length, at, OUTPUT_STREAMS.stdout);
        this.#rest = Buffer.alloc(0);
        this.#leftOut = 0;
      } else {
        this.lines.add(data, from, stop, at, OUTPUT_STREAMS.stdout);
      }
      from = stop + 1;
    }
    if (from === data.length) return;
    const kept = Math.max(0, Math.min(data.length - from, LONGEST_RAW_LINE - this.#rest.length));
    this.#leftOut += data.length - from - kept;
    this.#rest = Buffer.concat([this.#rest, data.subarray(from, from + kept)]);
  }

  #finish(): void {
    if (this.#rest.length > 0) this.lines.add(this.#rest, 0, this.#rest.length, Date.now(), OUTPUT_STREAMS.stdout);
    this.#rest = Buffer.alloc(0);
    this.#leftOut = 0;
  }
}

function lostEnd(position: FilePosition): OutputBatch {
  const lines = new OutputBuffer();
  lines.remark(
    "The last lines may be missing: the process was removed while nobody could read its output.",
    Date.now(),
  );
  return { ...lines.take(), position };
}
