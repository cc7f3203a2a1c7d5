import type { Target, TargetCounts } from "@windlass/domain";
import type { Limits } from "../limits.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { TrafficWindow } from "./traffic-window.ts";
import { Upstream } from "./upstream.ts";

const second = (): number => Math.floor(performance.now() / 1000);

/** Something under way on a target: a request with its answer, or an upgraded connection. */
export interface Claim {
  /** A WebSocket or an event stream: it does not end by itself */
  readonly isStream: boolean;
  /** It was cut off */
  readonly isBroken: boolean;
  /** Asks a stream to leave in order; it ends within a limit. */
  sendAway(): void;
  /** Ends it now, on both sides. */
  cutOff(): void;
}

const isBetter = (a: Upstream, b: Upstream): boolean =>
  a.refusing === b.refusing ? !a.refusing && a.active < b.active : b.refusing;

/** A target that serves, or served and has claims left. */
export class LiveTarget {
  readonly target: Target;
  readonly upstreams: readonly Upstream[];
  readonly claims = new Set<Claim>();
  /** Time from a request's arrival to the first byte of its answer */
  readonly #latency = new LatencyHistogram();
  readonly #window = new TrafficWindow();
  #requests = 0;
  #unanswered = 0;
  #serverErrors = 0;
  #turn = 0;
  #isCurrent = true;
  #drains = new Set<Drain>();

  constructor(target: Target, limits: Limits) {
    this.target = target;
    this.upstreams = target.addresses.map((address) => new Upstream(address, limits));
  }

  claim(claim: Claim): void {
    this.claims.add(claim);
  }

  noteRequest(): void {
    this.#requests++;
    this.#window.noteRequest(second());
  }

  noteAnswer(status: number, ms: number): void {
    this.#latency.record(ms);
    this.#window.noteLatency(second(), ms);
    if (status < 500) return;
    this.#serverErrors++;
    this.#window.noteServerError(second());
  }

  noteUnanswered(): void {
    this.#unanswered++;
    this.#window.noteUnanswered(second());
  }

  /** A claim has become a stream. */
  noteStream(claim: Claim): void {
    for (const drain of this.#drains) drain.noteStream(claim);
  }

  release(claim: Claim): void {
    if (!this.claims.delete(claim)) return;
    for (const drain of this.#drains) drain.noteEnded(claim);
    if (!this.#isCurrent && this.claims.size === 0) this.#closeConnections();
  }

  /**
   * The address that has least to do, of those that have not refused a connection just now; among equals the next in turn.
   * When all have refused, the next in turn.
   */
  nextUpstream(exclude?: ReadonlySet<Upstream>): Upstream | undefined {
    const count = this.upstreams.length;
    let best: Upstream | undefined;
    let bestAt = 0;
    for (let i = 0; i < count; i++) {
      const at = (this.#turn + i) % count;
      const upstream = this.upstreams[at];
      if (upstream === undefined || exclude?.has(upstream)) continue;
      if (best === undefined || isBetter(upstream, best)) {
        best = upstream;
        bestAt = at;
      }
    }
    this.#turn = (bestAt + 1) % count;
    return best;
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** No request claims it from now on. Its connections are closed once the claims there are have ended. */
  retire(): void {
    this.#isCurrent = false;
    if (this.claims.size === 0) this.#closeConnections();
  }

  startDrain(drain: Drain): void {
    this.#drains.add(drain);
  }

  endDrain(drain: Drain): void {
    this.#drains.delete(drain);
  }

  counts(windowSeconds?: number): TargetCounts {
    return {
      targetId: this.target.id,
      requests: this.#requests,
      unanswered: this.#unanswered,
      serverErrors: this.#serverErrors,
      active: this.claims.size,
      p50Ms: this.#latency.quantile(0.5),
      p99Ms: this.#latency.quantile(0.99),
      ...(windowSeconds === undefined ? {} : { window: this.#window.read(second(), windowSeconds) }),
    };
  }

  #closeConnections(): void {
    for (const upstream of this.upstreams) upstream.close();
  }
}

/** Waits for the claims that were open when it began. */
export interface Drain {
  noteEnded(claim: Claim): void;
  noteStream(claim: Claim): void;
}
