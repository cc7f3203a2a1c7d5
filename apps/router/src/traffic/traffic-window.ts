import { LONGEST_WINDOW_SECONDS, type TargetWindow } from "@windlass/domain";
import { LatencyHistogram } from "./latency-histogram.ts";

/** Latencies are kept in slices of this many seconds: a histogram for each second would be most of an idle router's memory. */
const SLICE_SECONDS = 5;
const SECONDS = LONGEST_WINDOW_SECONDS + 1;
const SLICES = LONGEST_WINDOW_SECONDS / SLICE_SECONDS + 2;

const REQUESTS = 0;
const UNANSWERED = 1;
const SERVER_ERRORS = 2;
const COUNTERS = 3;

/**
 * What a target did second by second over the last two minutes, in a ring of fixed size that is made with the first
 * request. `now` is a whole number of seconds on any clock that only rises.
 */
export class TrafficWindow {
  #counts: Uint32Array | undefined;
  /** The second that a slot holds */
  #seconds: Float64Array | undefined;
  #slices: { slice: number; latency: LatencyHistogram }[] = [];

  noteRequest(now: number): void {
    this.#count(now, REQUESTS);
  }

  noteUnanswered(now: number): void {
    this.#count(now, UNANSWERED);
  }

  noteServerError(now: number): void {
    this.#count(now, SERVER_ERRORS);
  }

  noteLatency(now: number, ms: number): void {
    const slice = Math.floor(now / SLICE_SECONDS);
    let place = this.#slices[slice % SLICES];
    if (place === undefined) {
      place = { slice, latency: new LatencyHistogram() };
      this.#slices[slice % SLICES] = place;
    } else if (place.slice !== slice) {
      place.slice = slice;
      place.latency.clear();
    }
    place.latency.record(ms);
  }

  /** The `seconds` before `now`, which itself is not over. */
  read(now: number, seconds: number): TargetWindow {
    const sums = [0, 0, 0];
    const from = now - seconds;
    for (let slot = 0; this.#counts !== undefined && slot < SECONDS; slot++) {
      const second = this.#seconds?.[slot] ?? -1;
      if (second < from || second >= now) continue;
      for (let i = 0; i < COUNTERS; i++) sums[i] = (sums[i] ?? 0) + (this.#counts[slot * COUNTERS + i] ?? 0);
    }
    const latency = new LatencyHistogram();
    const [first, last] = [Math.floor(from / SLICE_SECONDS), Math.floor(now / SLICE_SECONDS)];
    for (const place of this.#slices)
      if (place && place.slice >= first && place.slice <= last) latency.add(place.latency);
    const [requests = 0, unanswered = 0, serverErrors = 0] = sums;
    const [p50Ms, p95Ms, p99Ms] = [latency.quantile(0.5), latency.quantile(0.95), latency.quantile(0.99)];
    return { seconds, requests, unanswered, serverErrors, p50Ms, p95Ms, p99Ms };
  }

  #count(now: number, counter: number): void {
    this.#counts ??= new Uint32Array(SECONDS * COUNTERS);
    this.#seconds ??= new Float64Array(SECONDS).fill(-1);
    const slot = now % SECONDS;
    if (this.#seconds[slot] !== now) {
      this.#seconds[slot] = now;
      this.#counts.fill(0, slot * COUNTERS, (slot + 1) * COUNTERS);
    }
    const at = slot * COUNTERS + counter;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }
}
