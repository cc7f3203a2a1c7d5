import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, Prisma } from "@windlass/db";

/** Just before or just after a call of this name: see `wrap` and `overDatabase`. */
export type Point = `${"before" | "after"} ${string}`;

/** It did not come to the point it was to freeze at: then it freezes where it is. */
const FREEZES_WITHIN_MS = 2000;

const within = new AsyncLocalStorage<Mortality>();

/**
 * Lets a part of this process die, or stand still, as a process of its own would: whatever it calls from then on does
 * not happen, or only once it is thawed, it hears of nothing, and its intervals do not tick (`stopTimersOfTheFrozen`), so
 * that when it wakes up it goes on where it was, before it has looked at the time.
 */
export class Mortality {
  #isDead = false;
  #thawed: Promise<void> | undefined;
  #thaw = () => {};
  #hasJustAsked = false;
  #freezesAt: { point: Point; frozen: () => void } | undefined;

  /** Everything that follows from it is subject to this fate. */
  run<T>(work: () => T): T {
    return within.run(this, work);
  }

  get isAwake(): boolean {
    return !this.#thawed && !this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
    this.#thaw();
  }

  freeze(): void {
    this.#freezesAt = undefined;
    this.#thawed ??= new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  /** The next time that it comes to this point; resolves when it stands still. */
  async freezeAt(point: Point): Promise<void> {
    const frozen = Promise.withResolvers<void>();
    this.#freezesAt = { point, frozen: frozen.resolve };
    await Promise.race([frozen.promise, sleep(FREEZES_WITHIN_MS)]);
    this.freeze();
  }

  thaw(): void {
    this.#thawed = undefined;
    this.#thaw();
  }

  /** Resolves while it is alive and awake; later, or never, otherwise. */
  async #awake(point: Point): Promise<void> {
    const { point: freezesAt, frozen } = this.#freezesAt ?? {};
    if (freezesAt === point) {
      this.freeze();
      frozen?.();
    }
    while (this.#thawed && !this.#isDead) await this.#thawed;
    if (this.#isDead) await new Promise(() => {});
  }

  /** Asks something and hears the answer. */
  async call<T>(make: () => PromiseLike<T>): Promise<T> {
    await this.#awake("before question");
    try {
      return await make();
    } finally {
      if (this.#isDead) await new Promise(() => {});
      this.#hasJustAsked = true;
      setImmediate(() => {
        this.#hasJustAsked = false;
      });
    }
  }

  /** A port whose commands carry a token: it may freeze before it asks and after it was answered. */
  over<T extends object>(port: T): T {
    return wrap(port, async (name, make) => {
      await this.#awake(`before ${name}`);
      return this.#heard(name, make);
    });
  }

  /**
   * A port that knows no token: the worker asks whether it may, then does it. That moment between is nobody's to close,
   * so it does not freeze in it, but after the effect; before one only when it did not ask just now.
   */
  overEffects<T extends object>(port: T): T {
    return wrap(port, async (name, make) => {
      if (this.#isDead) await new Promise(() => {});
      if (!this.#hasJustAsked) await this.#awake(`before ${name}`);
      return this.#heard(name, make);
    });
  }

  async #heard<T>(name: string, make: () => PromiseLike<T>): Promise<T> {
    try {
      return await make();
    } finally {
      await this.#awake(`after ${name}`);
    }
  }

  /**
   * The database: a transaction that it dies in is rolled back, as the server does when a connection ends. Between the
   * answer to a question and what follows from it nobody freezes, see `overEffects`; once something was changed, it may.
   */
  overDatabase(db: Database): Database {
    const originals = new WeakMap<object, unknown>();
    const promise = (made: PromiseLike<unknown>, settle: () => Promise<unknown>): unknown => {
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
    const client = <C extends object>(target: C, ask: Ask): C =>
      new Proxy(target, {
        get: (_, key) => {
          const member = Reflect.get(target, key) as unknown;
          if (key === "$transaction") return (work: unknown) => transaction(work);
          if (typeof member === "function") {
            return (...given: unknown[]) => {
              const made = Reflect.apply(member, target, given) as PromiseLike<unknown>;
              return promise(made, () => ask(isChange(key, given) ? "change" : "question", () => made));
            };
          }
          return typeof member === "object" && member !== null ? client(member, ask) : member;
        },
      });
    const inTransaction: Ask = async (_, make) => {
      while (this.#thawed && !this.#isDead) await this.#thawed;
      if (this.#isDead) throw new Error("The worker died in a transaction.");
      return make();
    };
    const alone: Ask = async (name, make) => {
      if (name === "question") return this.call(make);
      await this.#awake(`before ${name}`);
      return this.#heard(name, make);
    };
    const transaction = (work: unknown): Promise<unknown> =>
      alone("transaction", () =>
        Array.isArray(work)
          ? db.$transaction(work.map((one) => originals.get(one)) as never)
          : db.$transaction((tx) => (work as (tx: object) => Promise<unknown>)(client(tx, inTransaction))),
      );
    return client(db, alone);
  }
}

/** Intervals of what runs under a fate stand still with it. Returns how to put them back. */
export function stopTimersOfTheFrozen(): () => void {
  const real = globalThis.setInterval;
  const halting = (callback: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => {
    const mortality = within.getStore();
    const tick = (...args: unknown[]): void => {
      if (!mortality || mortality.isAwake) callback(...args);
    };
    return real(tick, ms, ...given);
  };
  globalThis.setInterval = halting as typeof globalThis.setInterval;
  return () => {
    globalThis.setInterval = real;
  };
}

/** A renewed lease is no change of the books: with it a worker asks whether it may. */
const CHANGING = /\b(?:insert|delete)\b|\bupdate\b(?! "Lease" set "expiresAt")/i;

/** Of models every call counts as a question: workers change the books in transactions and by statements. */
function isChange(key: string | symbol, [strings, ...values]: unknown[]): boolean {
  if (key !== "$queryRaw" && key !== "$executeRaw") return false;
  return CHANGING.test(Prisma.sql(strings as TemplateStringsArray, ...values).sql);
}

type Ask = (name: string, make: () => PromiseLike<unknown>) => Promise<unknown>;

function wrap<T extends object>(port: T, ask: Ask): T {
  return new Proxy(port, {
    get: (target, key) => {
      const member = Reflect.get(target, key) as unknown;
      if (typeof member !== "function") return member;
      return (...given: unknown[]) =>
        ask(String(key), () => Reflect.apply(member, target, given) as PromiseLike<unknown>);
    },
  });
}
