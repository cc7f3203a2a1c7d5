import type { ServiceState, Target } from "@windlass/domain";
import type { Limits } from "../limits.ts";
import { type ServiceRecord, sameTarget } from "../table/draft-table.ts";
import { LiveTarget } from "./live-target.ts";
import { TrafficGate } from "./traffic-gate.ts";

/** Earlier targets without claims whose counts are still shown, for the bake window to compare with. */
const RETIRED_SHOWN = 3;

export class LiveService {
  record: ServiceRecord;
  current: LiveTarget | null = null;
  /** Latest first */
  retired: LiveTarget[] = [];
  readonly gate = new TrafficGate();

  constructor(record: ServiceRecord) {
    this.record = record;
  }

  switchTo(target: Target | null, limits: Limits): void {
    if (sameTarget(this.current?.target ?? null, target)) return;
    const before = this.current;
    this.current = target === null ? null : new LiveTarget(target, limits);
    if (before === null) return;
    before.retire();
    this.retired.unshift(before);
    this.forgetEnded();
  }

  /** Forgets retired targets that have nothing under way, but for the latest. */
  forgetEnded(): void {
    this.retired = this.retired.filter((target, i) => i < RETIRED_SHOWN || target.claims.size > 0);
  }

  state(windowSeconds?: number): ServiceState {
    const { service, token, hosts, target, notice = null, hold = null } = this.record;
    const shown = this.current === null ? this.retired : [this.current, ...this.retired];
    const counts = shown.map((one) => one.counts(windowSeconds));
    return { service, token, hosts: [...hosts], target, notice, hold, waiting: this.gate.waiting, counts };
  }
}

/** The table as requests see it: a host name leads to a service, a service to the target that is live. */
export class LiveTable {
  readonly services = new Map<string, LiveService>();
  readonly #byHost = new Map<string, LiveService>();
  readonly #limits: Limits;

  constructor(records: ReadonlyMap<string, ServiceRecord>, limits: Limits) {
    this.#limits = limits;
    this.take(records.keys(), records);
  }

  find(host: string): LiveService | undefined {
    return this.#byHost.get(host);
  }

  get hostCount(): number {
    return this.#byHost.size;
  }

  /** Asks every WebSocket and event stream to come again, to the router that takes over. */
  sendStreamsAway(): void {
    for (const { current, retired } of this.services.values())
      for (const target of current === null ? retired : [current, ...retired])
        for (const claim of target.claims) if (claim.isStream) claim.sendAway();
  }

  /** Makes changed records live. Synchronous: a request sees all of a change or nothing of it. */
  take(changed: Iterable<string>, records: ReadonlyMap<string, ServiceRecord>): void {
    const names = [...changed];
    // All old hosts first: a host can move between two services within one batch.
    for (const name of names) for (const host of this.services.get(name)?.record.hosts ?? []) this.#byHost.delete(host);
    for (const name of names) {
      const record = records.get(name);
      if (record === undefined) {
        this.services.get(name)?.gate.set(undefined);
        this.services.delete(name);
        continue;
      }
      const service = this.services.get(name) ?? new LiveService(record);
      this.services.set(name, service);
      service.record = record;
      for (const host of record.hosts) this.#byHost.set(host, service);
      service.switchTo(record.target, this.#limits);
    }
    // Last: what a pause lets go finds the whole change.
    for (const name of names) this.services.get(name)?.gate.set(records.get(name)?.hold);
  }
}
