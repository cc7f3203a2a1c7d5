import type {
  ApplyCommand,
  HoldCommand,
  Notice,
  RouterRefusal,
  SwitchCommand,
  Target,
  TrafficHold,
} from "@windlass/domain";

/** What the router must remember of a service across a restart. Never changed in place: a new record replaces it. */
export interface ServiceRecord {
  readonly service: string;
  readonly token: number;
  readonly hosts: readonly string[];
  readonly target: Target | null;
  /** Shown while there is no target */
  readonly notice?: Notice;
  readonly hold?: TrafficHold;
  /** A removed service keeps its token, so that a worker that lost its lease cannot bring it back */
  readonly removed?: true;
}

/** A command that is refused, with the answer's code and words. */
export class Refusal extends Error {
  readonly code: RouterRefusal["error"];
  constructor(code: RouterRefusal["error"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Tokens of removed services that are remembered; the oldest are forgotten first. */
const REMEMBERED = 10_000;

/** Whether two targets are the same release at the same addresses. */
export const sameTarget = (a: Target | null, b: Target | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.id === b.id &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, i) => address.host === b.addresses[i]?.host && address.port === b.addresses[i]?.port));

const sameHosts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((host, i) => host === b[i]);

const sameJson = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * The table that a batch of commands would lead to. Commands are planned on a draft; only when the draft is on disk does
 * it become the table that serves. A command that is refused leaves the draft as it was.
 */
export class DraftTable {
  readonly records: Map<string, ServiceRecord>;
  readonly changed = new Set<string>();
  #owners: Map<string, string>;
  #removed = 0;

  constructor(records: ReadonlyMap<string, ServiceRecord>) {
    this.records = new Map(records);
    this.#owners = new Map();
    for (const record of records.values()) {
      if (record.removed) this.#removed++;
      for (const host of record.hosts) this.#owners.set(host, record.service);
    }
  }

  apply(command: ApplyCommand): void {
    const before = this.#fence(command.service, command.token);
    const hosts = [...new Set<string>(command.hosts)];
    for (const host of hosts) {
      const owner = this.#owners.get(host);
      if (owner !== undefined && owner !== command.service)
        throw new Refusal("host_taken", `${host} leads to ${owner}. Remove it there first.`);
    }
    const target =
      before && !before.removed && sameTarget(before.target, command.target) ? before.target : command.target;
    const known = before?.removed ? undefined : before;
    const notice = target === null && command.notice === undefined ? known?.notice : command.notice;
    const hold = known?.hold;
    this.#put(before, {
      service: command.service,
      token: command.token,
      hosts,
      target,
      ...(target === null && notice ? { notice } : {}),
      ...(hold ? { hold } : {}),
    });
  }

  hold({ service, token, hold }: HoldCommand): void {
    const { hold: _, ...before } = this.#existing(service, token);
    this.#put(this.records.get(service), { ...before, token, ...(hold ? { hold } : {}) });
  }

  /** Returns the target before, when there was one and it was another. */
  switch(command: SwitchCommand): Target | null {
    const before = this.#existing(command.service, command.token);
    if (sameTarget(before.target, command.target)) {
      this.#put(before, { ...before, token: command.token });
      return null;
    }
    const { notice: _, ...kept } = before;
    this.#put(before, { ...kept, token: command.token, target: command.target });
    return before.target;
  }

  /** Notes the token of a command that changes nothing else. */
  fence(service: string, token: number): void {
    const before = this.#fence(service, token);
    if (before === undefined) throw new Refusal("not_found", `No service is named ${service}. Apply it first.`);
    this.#put(before, { ...before, token });
  }

  remove(service: string, token: number): void {
    const before = this.#fence(service, token);
    if (before === undefined) return;
    this.#put(before, { service, token, hosts: [], target: null, removed: true });
    if (this.#removed > REMEMBERED) this.#forgetOldest();
  }

  #fence(service: string, token: number): ServiceRecord | undefined {
    const before = this.records.get(service);
    if (before !== undefined && token < before.token)
      throw new Refusal(
        "stale_token",
        `${service} was last commanded with token ${before.token}; ${token} is older. Another worker has taken over.`,
      );
    return before;
  }

  #existing(service: string, token: number): ServiceRecord {
    const before = this.#fence(service, token);
    if (before === undefined || before.removed)
      throw new Refusal("not_found", `No service is named ${service}. Apply it first.`);
    return before;
  }

  #put(before: ServiceRecord | undefined, after: ServiceRecord): void {
    if (
      before !== undefined &&
      before.token === after.token &&
      before.removed === after.removed &&
      sameHosts(before.hosts, after.hosts) &&
      sameTarget(before.target, after.target) &&
      sameJson(before.notice, after.notice) &&
      sameJson(before.hold, after.hold)
    )
      return;
    for (const host of before?.hosts ?? []) this.#owners.delete(host);
    for (const host of after.hosts) this.#owners.set(host, after.service);
    this.#removed += (after.removed ? 1 : 0) - (before?.removed ? 1 : 0);
    // A removed service moves to the end, so that the first ones removed are the first forgotten.
    if (after.removed) this.records.delete(after.service);
    this.records.set(after.service, after);
    this.changed.add(after.service);
  }

  #forgetOldest(): void {
    for (const record of this.records.values()) {
      if (!record.removed) continue;
      this.records.delete(record.service);
      this.changed.add(record.service);
      this.#removed--;
      return;
    }
  }
}
