import { AsyncLocalStorage } from "node:async_hooks";

const skew = new AsyncLocalStorage<number>();
const RealDate = Date;

/** Runs something, and all that follows from it, with a wall clock that is wrong by so many milliseconds. */
export const withSkew = <T>(skewMs: number, run: () => T): T => skew.run(skewMs, run);

/** Replaces the process's wall clock by one that can be wrong for parts of it; returns how to put it back. */
export const skewClocks = (): (() => void) => replaceClock(() => skew.getStore() ?? 0);

/** Replaces the process's wall clock by one that is wrong by so many milliseconds. Monotonic time stays right. */
export function replaceClock(skewOf: () => number): () => void {
  const now = () => RealDate.now() + skewOf();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given: [], newTarget) =>
      Reflect.construct(target, given.length > 0 ? given : [now()], newTarget),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
  return () => {
    globalThis.Date = RealDate;
  };
}
