import type { RuntimeLogLine } from "@windlass/domain";
import { LogStore } from "./log-store";

/** Beyond this the oldest lines are let go: they can be read again. */
const MOST_LINES = 50_000;

/** A window into a runtime log: its newest lines, in order, some of which a filter may leave out. Grows at both ends. */
export class RuntimeLogStore extends LogStore {
  override get lastSeq(): number {
    return this.lines.at(-1)?.seq ?? 0;
  }

  override indexOf(seq: number): number | null {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.lines[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return this.lines[low]?.seq === seq ? low : null;
  }

  addNewer(lines: readonly RuntimeLogLine[]): void {
    for (const line of lines) if (line.seq > this.lastSeq) this.add(toLine(line));
    if (this.lines.length > MOST_LINES * 1.2) this.#replace(this.lines.slice(-MOST_LINES));
    this.notify();
  }

  addOlder(lines: readonly RuntimeLogLine[]): void {
    const first = this.lines[0]?.seq ?? Number.POSITIVE_INFINITY;
    this.#replace([...lines.filter(({ seq }) => seq < first).map(toLine), ...this.lines]);
    this.notify();
  }

  #replace(lines: ReturnType<typeof toLine>[]): void {
    this.lines.length = 0;
    this.sections.length = 0;
    this.plainTexts.length = 0;
    for (const line of lines) this.add(line);
  }
}

/** Headings tell instances apart, as they tell the steps of a deployment. */
const toLine = ({ seq, at, stream, instance, text }: RuntimeLogLine) => ({ seq, at, stream, step: instance, text });
