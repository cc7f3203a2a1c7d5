import { setImmediate as nextTurn } from "node:timers/promises";

/** Reads that did not begin yet, by what they belong to and their key. */
const waiting = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Readers that wait at the same place share one read. It begins a turn later and takes nobody after that, so each gets
 * what was stored when it asked.
 */
export function shareRead<T>(owner: object, key: string, read: () => Promise<T>): Promise<T> {
  const reads = waiting.get(owner) ?? new Map<string, Promise<unknown>>();
  waiting.set(owner, reads);
  const shared = reads.get(key);
  if (shared) return shared as Promise<T>;
  const begun = nextTurn().then(() => {
    reads.delete(key);
    return read();
  });
  reads.set(key, begun);
  return begun;
}
