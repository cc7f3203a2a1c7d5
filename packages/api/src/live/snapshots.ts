import type { Live } from "./live.ts";

/**
 * Yields what `read` gives now, and again whenever a topic changed and the picture with it. `topics` may grow with what
 * was read. While the consumer is slow, changes fold into the next read: nothing piles up.
 */
export async function* snapshots<T>(
  live: Live,
  topics: readonly string[],
  signal: AbortSignal,
  read: () => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const watch = live.watch(topics, signal);
  let last: string | undefined;
  try {
    while (await watch.next()) {
      const value = await read();
      const text = JSON.stringify(value);
      if (text === last) continue;
      last = text;
      yield value;
    }
  } finally {
    watch.close();
  }
}
