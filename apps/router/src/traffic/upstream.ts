import { isIPv6 } from "node:net";
import type { Address } from "@windlass/domain";
import { Client, Pool } from "undici";
import type { Limits } from "../limits.ts";

/** One address of a release and the connections to it. */
export class Upstream {
  readonly origin: string;
  readonly #limits: Limits;
  readonly #options: Pool.Options & Client.Options;
  /** Requests and upgraded connections that it has */
  active = 0;
  #pool: Pool | undefined;
  #refusedUntil = 0;

  constructor(address: Address, limits: Limits) {
    this.origin = `http://${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
    this.#limits = limits;
    this.#options = {
      connectTimeout: limits.connectMs,
      headersTimeout: limits.firstByteMs,
      // An event stream may be silent for hours.
      bodyTimeout: 0,
      keepAliveTimeout: limits.releaseIdleMs,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: 64 * 1024,
      autoSelectFamily: true,
    };
  }

  /** Made when first needed: a thousand idle services cost no pools. */
  get pool(): Pool {
    this.#pool ??= new Pool(this.origin, this.#options);
    return this.#pool;
  }

  /** A connection of its own for one request: certainly not one that the release is closing. The caller closes it. */
  freshConnection(): Client {
    return new Client(this.origin, this.#options);
  }

  get refusing(): boolean {
    return this.#refusedUntil !== 0 && performance.now() < this.#refusedUntil;
  }

  noteRefused(): void {
    this.#refusedUntil = performance.now() + this.#limits.refusedForMs;
  }

  close(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    // Rejects only when it was closed before, which is what is wanted.
    pool?.close().catch(() => {});
  }
}
