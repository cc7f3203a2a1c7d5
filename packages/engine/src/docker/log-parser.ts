import { OUTPUT_STREAMS, type OutputBuffer, type OutputStream } from "../log/output-buffer.ts";
import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";

const HEADER_BYTES = 8;
/** `2026-11-21T13:36:09.123456789Z`, and a space behind it */
const TIME_BYTES = 30;
const SECOND_BYTES = 19;
const LINE_BREAK = 10;
const EMPTY = Buffer.alloc(0);

/** The last frame that was read of a stream: its time, and how many frames had that same time. */
export interface StreamCursor {
  time: string;
  count: number;
}

export interface DockerCursors {
  stdout?: StreamCursor | undefined;
  stderr?: StreamCursor | undefined;
}

/** A frame later than the one before by this much, read late by that much: the engine may have left something out. */
const SUSPICIOUS_JUMP_MS = 50;
const SUSPICIOUS_LAG_MS = 200;

/**
 * Reads a container's log with times, as the engine sends it: frames of one header (1 byte stream, 3 zero, 4 length), a
 * time of 30 bytes and a payload. A line over 16 KiB comes in several frames that all carry its time, so a line ends
 * only at a line break of its own stream, and times do not tell lines apart: what was read is remembered as a time and a
 * count, for each stream by itself, since the two are not in one order.
 */
export class LogParser {
  readonly #lines: OutputBuffer;
  readonly #streams: ReadonlyMap<number, StreamReader>;
  /** The stream that was read last, when there is something to go on from */
  readonly #newest: StreamReader | undefined;
  /** Everything up to this time was in files that the engine had opened when it began to answer */
  readonly #trustedUntil: number;
  readonly #clock = new FrameClock();
  #rest: Buffer = EMPTY;
  #lastAt = Number.POSITIVE_INFINITY;
  #lastLagMs = 0;
  /**
   * The engine follows one file; when that is rotated twice while we read slowly it goes on with the newest and says
   * nothing of what lies between. Then nothing more is read here: a new request finds what still is there.
   */
  isSuspicious = false;

  constructor(lines: OutputBuffer, after: DockerCursors, trustedUntil: number) {
    this.#lines = lines;
    this.#trustedUntil = trustedUntil;
    const stdout = new StreamReader(OUTPUT_STREAMS.stdout, after.stdout);
    const stderr = new StreamReader(OUTPUT_STREAMS.stderr, after.stderr);
    this.#streams = new Map([
      [1, stdout],
      [2, stderr],
    ]);
    const newest = (after.stdout?.time ?? "") >= (after.stderr?.time ?? "") ? stdout : stderr;
    this.#newest = newest.isSkipping ? newest : undefined;
  }

  /** Behind the last whole line of each stream. */
  get cursors(): DockerCursors {
    return { stdout: this.#streams.get(1)?.done, stderr: this.#streams.get(2)?.done };
  }

  feed(chunk: Buffer): void {
    if (this.isSuspicious) return;
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const now = Date.now();
    let at = 0;
    while (at + HEADER_BYTES <= data.length) {
      const end = at + HEADER_BYTES + data.readUInt32BE(at + 4);
      if (end > data.length) break;
      const stream = this.#streams.get(data[at] ?? 0);
      if (stream && end - at > HEADER_BYTES + TIME_BYTES) this.#frame(stream, data, at + HEADER_BYTES, end, now);
      if (this.isSuspicious) return;
      at = end;
    }
    this.#rest = at === data.length ? EMPTY : data.subarray(at);
  }

  /** The log is over: what has no line break is a line too. */
  finish(): void {
    for (const stream of this.#streams.values()) stream.finish(this.#lines);
  }

  #frame(stream: StreamReader, data: Buffer, from: number, end: number, now: number): void {
    if (stream.isSkipping) {
      const time = data.toString("latin1", from, from + TIME_BYTES);
      if (stream.skips(time)) return;
      if (stream === this.#newest && stream.hasLostPlace) this.#tellGap(stream, time);
    }
    const at = this.#clock.read(data, from);
    const jump = at - this.#lastAt;
    if (jump >= SUSPICIOUS_JUMP_MS && this.#lastLagMs >= SUSPICIOUS_LAG_MS && at > this.#trustedUntil) {
      this.isSuspicious = true;
      return;
    }
    this.#lastAt = at;
    this.#lastLagMs = now - at;
    stream.read(this.#lines, data, from, end, at);
  }

  #tellGap(stream: StreamReader, to: string): void {
    const from = stream.skippedTo ?? "";
    const at = Date.parse(`${to.slice(0, 23)}Z`);
    const seconds = ((at - Date.parse(`${from.slice(0, 23)}Z`)) / 1000).toFixed(1);
    this.#lines.remark(
      `Lines are missing here: what was written between ${from.slice(0, 23)} and ${to.slice(0, 23)} UTC (${seconds} s) came faster than it could be read, and the engine keeps only the newest log files of a container.`,
      at,
    );
  }
}

/** One stream of a container: what of it was read before, and the line that is not whole yet. */
class StreamReader {
  readonly #stream: OutputStream;
  readonly #after: StreamCursor | undefined;
  #seenAgain = 0;
  isSkipping: boolean;
  hasLostPlace = false;
  #time = Buffer.alloc(TIME_BYTES);
  #count = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #partAt = 0;
  /** Behind the last whole line, while one is not whole */
  #beforePart: StreamCursor | undefined;

  constructor(stream: OutputStream, after: StreamCursor | undefined) {
    this.#stream = stream;
    this.#after = after;
    this.isSkipping = after !== undefined;
  }

  get skippedTo(): string | undefined {
    return this.#after?.time;
  }

  get done(): StreamCursor | undefined {
    return this.#parts.length > 0 ? this.#beforePart : this.#current();
  }

  #current(): StreamCursor | undefined {
    if (this.#count === 0) return this.#after;
    return { time: this.#time.toString("latin1"), count: this.#count };
  }

  /** True while frames are those that were read before. */
  skips(time: string): boolean {
    const { time: last, count } = this.#after ?? { time: "", count: 0 };
    if (time < last) return true;
    if (time === last && this.#seenAgain < count) {
      this.#seenAgain++;
      return true;
    }
    this.isSkipping = false;
    this.hasLostPlace = this.#seenAgain < count;
    if (time === last) {
      this.#time.write(time, "latin1");
      this.#count = count;
    }
    return false;
  }

  read(lines: OutputBuffer, data: Buffer, from: number, end: number, at: number): void {
    // The parts of a line have one time; the last words of a container that stopped are no part of its next run.
    if (this.#parts.length > 0 && !isSameTime(this.#time, data, from)) this.finish(lines);
    const isWhole = data[end - 1] === LINE_BREAK;
    if (!isWhole && this.#parts.length === 0) this.#beforePart = this.#current();
    if (this.#count > 0 && isSameTime(this.#time, data, from)) this.#count++;
    else {
      this.#time.set(data.subarray(from, from + TIME_BYTES));
      this.#count = 1;
    }
    const start = from + TIME_BYTES + 1;
    const stop = isWhole ? end - 1 : end;
    if (isWhole && this.#parts.length === 0) {
      lines.add(data, start, stop, at, this.#stream);
      return;
    }
    if (this.#parts.length === 0) this.#partAt = at;
    // The data's memory is the socket's, which a long line must not hold on to.
    if (this.#partBytes < LONGEST_RAW_LINE) this.#parts.push(Buffer.from(data.subarray(start, stop)));
    this.#partBytes += stop - start;
    if (isWhole) this.finish(lines);
  }

  finish(lines: OutputBuffer): void {
    if (this.#parts.length === 0) return;
    const line = Buffer.concat(this.#parts);
    lines.add(line, 0, line.length, this.#partAt, this.#stream);
    this.#parts = [];
    this.#partBytes = 0;
  }
}

/** From the end: it is the last digits that differ. */
function isSameTime(time: Buffer, data: Buffer, from: number): boolean {
  for (let i = TIME_BYTES - 1; i >= 0; i--) if (time[i] !== data[from + i]) return false;
  return true;
}

/** Milliseconds since the epoch of a frame's time; the date and the second are read once for all that share them. */
class FrameClock {
  readonly #second = Buffer.alloc(SECOND_BYTES);
  #secondMs = 0;

  read(data: Buffer, from: number): number {
    if (!this.#isSameSecond(data, from)) {
      this.#second.set(data.subarray(from, from + SECOND_BYTES));
      this.#secondMs = Date.parse(`${this.#second.toString("latin1")}Z`);
    }
    return this.#secondMs + digit(data, from + 20) * 100 + digit(data, from + 21) * 10 + digit(data, from + 22);
  }

  #isSameSecond(data: Buffer, from: number): boolean {
    for (let i = SECOND_BYTES - 1; i >= 0; i--) if (this.#second[i] !== data[from + i]) return false;
    return true;
  }
}

const digit = (data: Buffer, at: number): number => (data[at] ?? 48) - 48;
