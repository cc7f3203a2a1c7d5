import type { LogStore } from "./log-store";

/** More than anybody steps through; the count then ends in a plus. */
const MOST_MATCHES = 20_000;

/** Every place where the words stand, in order; grows with the log instead of starting again. */
export class LogSearch {
  readonly length: number;
  /** Line index of each match, and where in the line it starts */
  readonly lines: number[] = [];
  readonly starts: number[] = [];
  isCapped = false;
  #needle: string;
  #scanned = 0;

  constructor(query: string) {
    this.#needle = query.toLowerCase();
    this.length = query.length;
  }

  extend(store: Pick<LogStore, "lines" | "plain">): this {
    if (this.length === 0) return this;
    for (; this.#scanned < store.lines.length && !this.isCapped; this.#scanned++) this.#scan(store, this.#scanned);
    return this;
  }

  #scan(store: Pick<LogStore, "plain">, index: number): void {
    const text = store.plain(index).toLowerCase();
    for (let at = text.indexOf(this.#needle); at >= 0; at = text.indexOf(this.#needle, at + this.length)) {
      if (this.lines.length >= MOST_MATCHES) {
        this.isCapped = true;
        return;
      }
      this.lines.push(index);
      this.starts.push(at);
    }
  }

  get count(): number {
    return this.lines.length;
  }

  /** The first match at or after a line; the first of all when there is none. */
  firstFrom(line: number): number {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.lines[middle] as number) < line) low = middle + 1;
      else high = middle;
    }
    return low < this.lines.length ? low : 0;
  }

  /** Matches in one line: numbers of the first and of the one after the last. */
  inLine(line: number): [number, number] {
    let from = this.firstFrom(line);
    if (this.lines[from] !== line) return [0, 0];
    const first = from;
    while (this.lines[from] === line) from++;
    return [first, from];
  }

  /** Where marks go on a bar of so many places: each place at most once. */
  marks(places: number, rowOf: (line: number) => number, rows: number): number[] {
    const taken = new Set<number>();
    for (const line of this.lines)
      taken.add(Math.min(places - 1, Math.floor((rowOf(line) / Math.max(1, rows)) * places)));
    return [...taken];
  }
}
