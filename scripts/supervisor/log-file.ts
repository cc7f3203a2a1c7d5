import { copyFileSync, openSync, readFileSync, renameSync, statSync, truncateSync } from "node:fs";
import path from "node:path";

const ROTATE_BYTES = 10_000_000;

/** A program's log below data/logs: at most two files of 10 MB each. */
export class LogFile {
  readonly path: string;

  constructor(dataFolder: string, name: string) {
    this.path = path.join(dataFolder, "logs", `${name}.log`);
  }

  /** A descriptor to hand to a child, which goes on writing when its supervisor is gone. Appends. */
  open(): number {
    if (this.#bytes() > ROTATE_BYTES) renameSync(this.path, `${this.path}.1`);
    return openSync(this.path, "a", 0o600);
  }

  /** Keeps a running child's log bounded. It holds the file open, so the file is copied and emptied in place. */
  rotate(): void {
    if (this.#bytes() <= ROTATE_BYTES) return;
    try {
      copyFileSync(this.path, `${this.path}.1`);
      truncateSync(this.path);
    } catch {
      // A full disk: the next round tries again.
    }
  }

  #bytes(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The last lines that were written since `from` bytes, without Node's own part of a stack. */
  tail(lines: number, from = 0): string[] {
    try {
      const text = readFileSync(this.path).subarray(from).toString("utf8");
      const telling = text.split("\n").filter((line) => line.trim() !== "" && !/^\s+at .*\(?node:/.test(line));
      return telling.slice(-lines).map((line) => line.slice(0, 400));
    } catch {
      return [];
    }
  }

  get size(): number {
    return this.#bytes();
  }
}
