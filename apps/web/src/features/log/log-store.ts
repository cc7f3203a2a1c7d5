import type { LogBatch } from "@windlass/api";
import type { LogLine } from "@windlass/domain";
import { plainText } from "./ansi";

/** A step's first line, by index. */
export interface LogSection {
  step: string;
  first: number;
}

/** What stands in a row: a step's heading or a line, by index. */
export type LogRow = { kind: "heading"; section: LogSection } | { kind: "line"; index: number };

/**
 * The lines of one log, outside React: batches come in, listeners are told at most once a frame. Line `seq` stands at
 * index `seq - 1`: what came already is dropped, what came too early waits until the lines before it are there.
 */
export class LogStore {
  readonly lines: LogLine[] = [];
  readonly sections: LogSection[] = [];
  isComplete = false;
  /** Characters of the longest line: how far the log scrolls sideways */
  longest = 0;
  #early = new Map<number, LogLine>();
  protected plainTexts: string[] = [];
  #version = 0;
  #isNotifying = false;
  #listeners = new Set<() => void>();
  #nextFrame: (run: () => void) => void;

  constructor(nextFrame: (run: () => void) => void = (run) => void requestAnimationFrame(run)) {
    this.#nextFrame = nextFrame;
  }

  get lastSeq(): number {
    return this.lines.length;
  }

  /** Where a line stands; null while it is not there. */
  indexOf(seq: number): number | null {
    return seq >= 1 && seq <= this.lines.length ? seq - 1 : null;
  }

  /** Lines have come that cannot be shown yet, because some before them have not. */
  get hasGap(): boolean {
    return this.#early.size > 0;
  }

  append(batch: Pick<LogBatch, "lines" | "isComplete">): void {
    for (const line of batch.lines) {
      if (line.seq === this.lastSeq + 1) this.add(line);
      else if (line.seq > this.lastSeq) this.#early.set(line.seq, line);
    }
    this.#takeEarly();
    if (batch.isComplete && !this.hasGap) this.isComplete = true;
    this.notify();
  }

  protected add(line: LogLine): void {
    if (line.step !== this.sections.at(-1)?.step) this.sections.push({ step: line.step, first: this.lines.length });
    this.lines.push(line);
    this.longest = Math.max(this.longest, line.text.length);
  }

  #takeEarly(): void {
    for (let line = this.#early.get(this.lastSeq + 1); line; line = this.#early.get(this.lastSeq + 1)) {
      this.#early.delete(line.seq);
      this.add(line);
    }
    for (const seq of this.#early.keys()) if (seq <= this.lastSeq) this.#early.delete(seq);
  }

  protected notify(): void {
    this.#version++;
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    this.#nextFrame(() => {
      this.#isNotifying = false;
      for (const listener of this.#listeners) listener();
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getVersion = (): number => this.#version;

  /** A line's text without colours; made when it is first asked for. */
  plain(index: number): string {
    const known = this.plainTexts[index];
    if (known !== undefined) return known;
    const made = plainText(this.lines[index]?.text ?? "");
    this.plainTexts[index] = made;
    return made;
  }

  get rowCount(): number {
    return this.lines.length + this.sections.length;
  }

  /** The last section for which `starts` is at most `position`, or -1. */
  #sectionAt(position: number, starts: (section: LogSection, k: number) => number): number {
    let low = 0;
    let high = this.sections.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts(this.sections[middle] as LogSection, middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  rowAt(row: number): LogRow {
    const k = this.#sectionAt(row, (section, position) => section.first + position);
    const section = this.sections[k];
    if (section && section.first + k === row) return { kind: "heading", section };
    return { kind: "line", index: row - k - 1 };
  }

  rowOfLine(index: number): number {
    return index + this.#sectionAt(index, (section) => section.first) + 1;
  }

  /** The row of a step's heading, when it has written anything. */
  rowOfStep(step: string): number | null {
    const k = this.sections.findLastIndex((section) => section.step === step);
    return k < 0 ? null : (this.sections[k] as LogSection).first + k;
  }
}
