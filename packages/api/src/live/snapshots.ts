import { DomainError } from "@windlass/domain";
import type { Live } from "./live.ts";

/**
 * Yields what `read` gives now, and again whenever a topic changed and the picture with it. `more` names topics that
 * matter only as long as the picture is as it is. While the consumer is slow, changes fold into the next read: nothing
 * piles up.
 */
export async function* snapshots<T>(
  live: Live,
  topics: readonly string[],
  signal: AbortSignal,
  read: () => Promise<T>,
  more: (value: T) => readonly string[] = () => [],
): AsyncGenerator<T, void, undefined> {
  let watch = live.watch(topics, signal);
  let extra = "";
  let last: string | undefined;
  try {
    while (await watch.next()) {
      const value = await readWhole(read);
      const wanted = more(value);
      if (wanted.join() !== extra) {
        extra = wanted.join();
        watch.close();
        // It begins as changed, and so reads again: nothing is missed between the two.
        watch = live.watch([...topics, ...wanted], signal);
      }
      const text = JSON.stringify(value);
      if (text === last) continue;
      last = text;
      yield value;
    }
  } finally {
    watch.close();
  }
}

/** Rows may go between the queries of one picture, as when an app is deleted: it is read once more, and then without them. */
async function readWhole<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    return read();
  }
}
