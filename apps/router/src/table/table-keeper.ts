import type { ServiceRecord } from "./draft-table.ts";
import { DraftTable } from "./draft-table.ts";

interface Waiting {
  plan(draft: DraftTable): unknown;
  resolve(result: unknown): void;
  reject(cause: unknown): void;
}

/** The disk refused a table. Nothing was changed, in memory neither. */
export class NotSaved extends Error {}

/**
 * Takes commands one after the other and makes each durable before it takes effect. In this order, a table that was
 * served is always one that a restart finds: were the pointer swapped first, a crash before the save would bring back a
 * release whose instances the worker may have stopped already. The price, a few milliseconds in which the old release
 * goes on serving, is paid by nobody. Commands that arrive during a save share the next one.
 */
export class TableKeeper {
  #records: ReadonlyMap<string, ServiceRecord>;
  #queue: Waiting[] = [];
  #busy: Promise<void> | undefined;
  readonly #save: (records: ReadonlyMap<string, ServiceRecord>) => Promise<void>;
  readonly #takeEffect: (changed: Iterable<string>, records: ReadonlyMap<string, ServiceRecord>) => void;

  constructor(
    records: ReadonlyMap<string, ServiceRecord>,
    save: (records: ReadonlyMap<string, ServiceRecord>) => Promise<void>,
    takeEffect: (changed: Iterable<string>, records: ReadonlyMap<string, ServiceRecord>) => void,
  ) {
    this.#records = records;
    this.#save = save;
    this.#takeEffect = takeEffect;
  }

  /** Replaces the table that changes build on; only before the first of them. */
  startFrom(records: ReadonlyMap<string, ServiceRecord>): void {
    this.#records = records;
  }

  /** Plans a change; resolves with the plan's result once it is durable and serves. Rejects with what the plan threw, or NotSaved. */
  change<T>(plan: (draft: DraftTable) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#queue.push({ plan, resolve: resolve as (result: unknown) => void, reject });
    this.#busy ??= this.#work();
    return promise;
  }

  /** Resolves when no command is under way. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) await this.#takeBatch(this.#queue.splice(0));
    this.#busy = undefined;
  }

  async #takeBatch(batch: Waiting[]): Promise<void> {
    const draft = new DraftTable(this.#records);
    const answers: (() => void)[] = [];
    for (const { plan, resolve, reject } of batch) {
      try {
        const result = plan(draft);
        answers.push(() => resolve(result));
      } catch (cause) {
        reject(cause);
      }
    }
    if (draft.changed.size > 0) {
      try {
        await this.#save(draft.records);
      } catch (cause) {
        const error = new NotSaved("The router's table could not be saved, so nothing was changed.", { cause });
        for (const { reject } of batch) reject(error);
        return;
      }
      this.#records = draft.records;
      this.#takeEffect(draft.changed, draft.records);
    }
    for (const answer of answers) answer();
  }
}
