import { stripVTControlCharacters } from "node:util";

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const LABEL_WIDTH = 18;
const DETAIL_WIDTH = 38;

type Paint = (text: string) => string;

/** A part of the work on one line: label, what was found, how long it took. */
export interface Task {
  /** What it is about right now, shown while it runs */
  say(detail: string): void;
  /** `elapsedMs` where it is known better than by when it was begun here */
  done(detail?: string, elapsedMs?: number): void;
  /** It did not work, and the work goes on without it */
  warn(detail: string): void;
  fail(detail?: string, elapsedMs?: number): void;
}

/** The person's terminal: a moving line and colours where it is one, plain lines where it is not. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #isLive: boolean;
  readonly #isColoured: boolean;
  #running: { draw(frame: number): string; fail(): void } | undefined;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WriteStream = process.stdout, env: NodeJS.ProcessEnv = process.env) {
    this.#out = out;
    this.#isLive = out.isTTY === true && env.TERM !== "dumb";
    this.#isColoured = this.#isLive && !env.NO_COLOR;
    // The terminal may be closed under us; what runs is stopped by its signal, not by a failed write.
    out.on("error", () => {});
  }

  readonly dim: Paint = (text) => this.#paint("2", text);
  readonly bold: Paint = (text) => this.#paint("1", text);
  readonly accent: Paint = (text) => this.#paint("36", text);
  readonly green: Paint = (text) => this.#paint("32", text);
  readonly amber: Paint = (text) => this.#paint("33", text);
  readonly red: Paint = (text) => this.#paint("31", text);

  #paint(code: string, text: string): string {
    return this.#isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  /** Writes whole lines above the moving one. */
  line(text = ""): void {
    this.#write(`${text}\n`);
  }

  /** `depth` indents; tasks do not overlap: one moving line at a time. */
  task(label: string, depth = 0, startedAt = Date.now()): Task {
    const indent = " ".repeat(2 + depth * 2);
    const width = LABEL_WIDTH - depth * 2;
    let detail = "";
    const row = (mark: string, isEnd: boolean, elapsed = Date.now() - startedAt) => {
      const time = isEnd || elapsed >= 1000 ? this.dim(duration(elapsed).padStart(7)) : "";
      return `${indent}${mark} ${pad(label, width)} ${pad(this.dim(detail), DETAIL_WIDTH)} ${time}`.trimEnd();
    };
    let plainSince = Date.now();
    const finish = (mark: string, last: string | undefined, elapsedMs?: number) => {
      if (last !== undefined) detail = last;
      if (this.#running === running) this.#stopMoving();
      this.line(row(mark, true, elapsedMs));
    };
    const running = {
      draw: (frame: number) => row(this.accent(FRAMES[frame % FRAMES.length] ?? ""), false),
      fail: () => finish(this.red("✗"), undefined),
    };
    this.#running = running;
    this.#startMoving();
    return {
      say: (text) => {
        detail = text;
        // Without a moving line, long work still says where it is from time to time.
        if (this.#isLive || Date.now() - plainSince < 15_000) return;
        plainSince = Date.now();
        this.line(row("·", false));
      },
      done: (text, elapsedMs) => finish(this.green("✓"), text, elapsedMs),
      warn: (text) => finish(this.amber("!"), text),
      fail: (text, elapsedMs) => finish(this.red("✗"), text, elapsedMs),
    };
  }

  /** Takes the moving line away without a word. */
  settle(): void {
    this.#stopMoving();
  }

  /** The work is cut short: whatever is going on did not work. */
  failRunning(): void {
    this.#running?.fail();
  }

  #startMoving(): void {
    if (!this.#isLive || this.#timer) return;
    this.#timer = setInterval(() => this.#redraw(), 100);
    this.#timer.unref();
    this.#redraw();
  }

  #stopMoving(): void {
    if (this.#timer) this.#out.write("\r\u001b[K");
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#running = undefined;
  }

  #redraw(): void {
    if (!this.#running || !this.#timer) return;
    this.#frame += 1;
    this.#out.write(`\r\u001b[K${clip(this.#running.draw(this.#frame), this.#out.columns || 80)}`);
  }

  #write(text: string): void {
    this.#out.write(this.#timer ? `\r\u001b[K${text}` : text);
    this.#redraw();
  }
}

/** 0.4 s, 12.3 s, 1 min 5 s. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

const visibleLength = (text: string) => stripVTControlCharacters(text).length;

const pad = (text: string, width: number) => text + " ".repeat(Math.max(0, width - visibleLength(text)));

/** A moving line must not wrap: the carriage return would leave its first half behind. */
function clip(line: string, columns: number): string {
  if (visibleLength(line) < columns) return line;
  return stripVTControlCharacters(line).slice(0, columns - 1);
}
