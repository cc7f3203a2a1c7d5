const PER_OCTAVE = 8;
const SMALLEST_MS = 0.05;
/** 0.05 ms to some 14 minutes in steps of 9 % */
const BUCKETS = 24 * PER_OCTAVE;

/** A fixed-size histogram: a quantile is right to 9 %, whatever the number of requests. */
export class LatencyHistogram {
  #counts = new Uint32Array(BUCKETS);
  #total = 0;

  record(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log2(ms / SMALLEST_MS) * PER_OCTAVE);
    const index = bucket < BUCKETS ? bucket : BUCKETS - 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
  }

  add(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
    this.#total += other.#total;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The upper edge, in milliseconds, of the bucket in which the quantile lies; 0 when nothing was recorded. */
  quantile(q: number): number {
    if (this.#total === 0) return 0;
    let left = Math.ceil(this.#total * q);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket] ?? 0;
      if (left <= 0) return Math.round(SMALLEST_MS * 2 ** (bucket / PER_OCTAVE) * 1000) / 1000;
    }
    return SMALLEST_MS * 2 ** (BUCKETS / PER_OCTAVE);
  }
}
