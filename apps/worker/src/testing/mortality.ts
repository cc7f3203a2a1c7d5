import type { Database } from "@windlass/db";

/**
 * Lets a part of this process die, or stand still, as a process of its own would: whatever it calls from then on does
 * not happen, or only once it is thawed, and it hears of nothing.
 */
export class Mortality {
  #isDead = false;
  #thawed: Promise<void> | undefined;
  #thaw = () => {};

  kill(): void {
    this.#isDead = true;
    this.#thaw();
  }

  freeze(): void {
    this.#thawed ??= new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    this.#thawed = undefined;
    this.#thaw();
  }

  /** Resolves while it is alive and awake; later, or never, otherwise. */
  async awake(): Promise<void> {
    while (this.#thawed && !this.#isDead) await this.#thawed;
    if (this.#isDead) await new Promise(() => {});
  }

  /** Makes a call and hears its answer. Between an answer and what follows from it nobody freezes: see `overEffects`. */
  async call<T>(make: () => PromiseLike<T>): Promise<T> {
    await this.awake();
    try {
      return await make();
    } finally {
      if (this.#isDead) await new Promise(() => {});
    }
  }

  /** A port whose commands carry a token: what it asks after a thaw is refused by the other side. */
  over<T extends object>(port: T): T {
    return wrap(port, (make) => this.call(make));
  }

  /**
   * A port that knows no token: the worker asks whether it may, then does it. That moment between is nobody's to close,
   * so it does not freeze in it, but after the effect.
   */
  overEffects<T extends object>(port: T): T {
    return wrap(port, async (make) => {
      if (this.#isDead) await new Promise(() => {});
      try {
        return await make();
      } finally {
        await this.awake();
      }
    });
  }

  /** The database: a transaction that it dies in is rolled back, as the server does when a connection ends. */
  overDatabase(db: Database): Database {
    const originals = new WeakMap<object, unknown>();
    const promise = (made: PromiseLike<unknown>, ask: Asking): unknown => {
      const settle = () => ask(() => made);
      const lazy = new Proxy(made, {
        get(target, key) {
          if (key === "then") return (...given: []) => settle().then(...given);
          if (key === "catch") return (...given: []) => settle().catch(...given);
          if (key === "finally") return (...given: []) => settle().finally(...given);
          return Reflect.get(target, key);
        },
      });
      originals.set(lazy, made);
      return lazy;
    };
    const client = <C extends object>(target: C, ask: Asking): C =>
      new Proxy(target, {
        get: (_, key) => {
          const member = Reflect.get(target, key) as unknown;
          if (key === "$transaction") return (work: unknown) => transaction(work);
          if (typeof member === "function") {
            return (...given: unknown[]) => promise(Reflect.apply(member, target, given) as PromiseLike<unknown>, ask);
          }
          return typeof member === "object" && member !== null ? client(member, ask) : member;
        },
      });
    const inTransaction: Asking = async (make) => {
      while (this.#thawed && !this.#isDead) await this.#thawed;
      if (this.#isDead) throw new Error("The worker died in a transaction.");
      return make();
    };
    const transaction = (work: unknown): Promise<unknown> =>
      this.call<unknown>(() =>
        Array.isArray(work)
          ? db.$transaction(work.map((one) => originals.get(one)) as never)
          : db.$transaction((tx) => (work as (tx: object) => Promise<unknown>)(client(tx, inTransaction))),
      );
    return client(db, (make) => this.call(make));
  }
}

function wrap<T extends object>(port: T, ask: Asking): T {
  return new Proxy(port, {
    get: (target, key) => {
      const member = Reflect.get(target, key) as unknown;
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => ask(() => Reflect.apply(member, target, given) as PromiseLike<unknown>);
    },
  });
}

type Asking = (make: () => PromiseLike<unknown>) => Promise<unknown>;
