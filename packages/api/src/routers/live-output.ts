import type { TrackedEnvelope } from "@trpc/server";
import { z } from "zod";
import { TICK } from "../live/index.ts";

/** The output schema of a subscription: what each pushed value is. Checked as it is pushed. */
export function live<T extends z.ZodType>(value: T) {
  return z.custom<AsyncIterable<z.input<T>, void, undefined>>(isAsyncIterable).transform(async function* (values) {
    for await (const one of values) yield value.parse(one) as z.output<T>;
  });
}

/** As `live`, for values that carry an id to resume from. */
export function liveTracked<T extends z.ZodType>(value: T) {
  // What many get at once is checked once.
  const checked = new WeakMap<object, z.output<T>>();
  const check = (one: z.input<T>): z.output<T> => {
    if (typeof one !== "object" || one === null) return value.parse(one);
    const known = checked.get(one) ?? value.parse(one);
    checked.set(one, known as z.output<T>);
    return known as z.output<T>;
  };
  return z
    .custom<AsyncIterable<TrackedEnvelope<z.input<T>>, void, undefined>>(isAsyncIterable)
    .transform(async function* (values) {
      for await (const [id, one, brand] of values) yield [id, check(one), brand] as TrackedEnvelope<z.output<T>>;
    });
}

/** What matters to a picture in which something waits: the line, the workers, and that a dead worker falls silent. */
export const topicsOfWaiting = (deployments: readonly ({ waiting: unknown } | null)[]): readonly string[] =>
  deployments.some((deployment) => deployment?.waiting) ? ["queue", "builds", "workers", TICK] : [];

const isAsyncIterable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

/** A subscription always has a signal; tRPC's type allows for none. */
export function required(signal: AbortSignal | undefined): AbortSignal {
  if (!signal) throw new Error("A subscription was called without a signal.");
  return signal;
}
