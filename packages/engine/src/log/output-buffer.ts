import { MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";

export const OUTPUT_STREAMS = { stdout: 1, stderr: 2, system: 3 } as const;
export type OutputStream = (typeof OUTPUT_STREAMS)[keyof typeof OUTPUT_STREAMS];

/**
 * A run of lines of an instance's output, in order. Bytes and typed arrays rather than an object for each line: at
 * 100,000 lines a second objects are what takes the time.
 */
export interface OutputLines {
  /** Each line ends with a line break; not necessarily valid UTF-8 */
  text: Buffer;
  /** When each line was written, in milliseconds since the epoch */
  times: Float64Array;
  /** One of OUTPUT_STREAMS for each line */
  streams: Uint8Array;
  /** Some line is longer than the log takes and has to be split */
  hasLongLines: boolean;
}

const FIRST_BYTES = 64 * 1024;
const FIRST_LINES = 1024;
const LINE_BREAK = 10;
const CARRIAGE_RETURN = 13;

/** Gathers lines until they are taken. */
export class OutputBuffer {
  #text = Buffer.allocUnsafe(FIRST_BYTES);
  #times = new Float64Array(FIRST_LINES);
  #streams = new Uint8Array(FIRST_LINES);
  #hasLongLines = false;
  bytes = 0;
  lines = 0;

  /** Adds one line, without its line break. */
  add(source: Uint8Array, from: number, to: number, at: number, stream: OutputStream): void {
    const end = to > from && source[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
    const length = end - from;
    if (this.bytes + length + 1 > this.#text.length) this.#growText(length + 1);
    if (this.lines === this.#times.length) this.#growLines();
    if (length > 0) this.#text.set(source.subarray(from, end), this.bytes);
    this.bytes += length;
    this.#text[this.bytes++] = LINE_BREAK;
    this.#times[this.lines] = at;
    this.#streams[this.lines++] = stream;
    if (length > MAX_LOG_LINE_CHARACTERS) this.#hasLongLines = true;
  }

  /** A line of Windlass itself, between those of the instance. */
  remark(text: string, at: number): void {
    const bytes = Buffer.from(text);
    this.add(bytes, 0, bytes.length, at, OUTPUT_STREAMS.system);
  }

  take(): OutputLines {
    const taken = {
      text: this.#text.subarray(0, this.bytes),
      times: this.#times.subarray(0, this.lines),
      streams: this.#streams.subarray(0, this.lines),
      hasLongLines: this.#hasLongLines,
    };
    // What was taken is the taker's: the next lines go elsewhere, into about as much room.
    this.#text = Buffer.allocUnsafe(Math.max(FIRST_BYTES, this.bytes));
    this.#times = new Float64Array(Math.max(FIRST_LINES, this.lines));
    this.#streams = new Uint8Array(this.#times.length);
    this.#hasLongLines = false;
    this.bytes = 0;
    this.lines = 0;
    return taken;
  }

  #growText(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#text.length * 2, this.bytes + needed));
    larger.set(this.#text.subarray(0, this.bytes));
    this.#text = larger;
  }

  #growLines(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
    const streams = new Uint8Array(times.length);
    streams.set(this.#streams);
    this.#streams = streams;
  }
}
