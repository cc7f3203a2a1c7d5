import type { ServerResponse } from "node:http";
import { BlockList, isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { TrafficHold } from "@windlass/domain";

interface Waiter {
  resume(): void;
  refuse(): void;
}

/** What a hold does to a service's requests: whom maintenance lets pass, and who waits for the end of a pause. */
export class TrafficGate {
  #hold: TrafficHold | undefined;
  #allowed: BlockList | undefined;
  readonly #waiters = new Set<Waiter>();

  /** A hold of another kind, or none, lets those go that wait. */
  set(hold: TrafficHold | undefined): void {
    if (hold === this.#hold) return;
    this.#hold = hold;
    this.#allowed = hold?.kind === "maintenance" && hold.allow.length > 0 ? blockListOf(hold.allow) : undefined;
    if (hold?.kind === "paused") return;
    for (const waiter of [...this.#waiters]) waiter.resume();
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether maintenance lets this client pass. */
  admits(client: string | undefined): boolean {
    const family = client === undefined ? 0 : isIP(client);
    if (this.#allowed === undefined || client === undefined || family === 0) return false;
    return this.#allowed.check(client, family === 6 ? "ipv6" : "ipv4");
  }

  /**
   * Calls `resume` when the pause ends, or `refuse` when too many wait or it took too long; neither when the client went
   * away. Nothing of the request's body is read meanwhile.
   */
  wait(client: Duplex | ServerResponse, resume: () => void, refuse: () => void): void {
    const hold = this.#hold;
    if (hold?.kind !== "paused" || this.#waiters.size >= hold.maxRequests) {
      refuse();
      return;
    }
    const leave = (): void => {
      clearTimeout(limit);
      client.off("close", leave);
      this.#waiters.delete(waiter);
    };
    const waiter: Waiter = {
      resume() {
        leave();
        resume();
      },
      refuse() {
        leave();
        refuse();
      },
    };
    const limit = setTimeout(waiter.refuse, hold.maxSeconds * 1000);
    client.once("close", leave);
    this.#waiters.add(waiter);
  }
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
