import { setTimeout as sleep } from "node:timers/promises";

/** The first value that is neither undefined, null nor false; rejects with what was waited for when it does not come. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T> | T,
  { withinMs = 60_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs} ms for ${what}, in vain.`);
    await sleep(everyMs);
  }
}
