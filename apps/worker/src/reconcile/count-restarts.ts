/** How often an instance came back by itself lately. Kept in memory: a worker that starts anew counts anew. */
export interface RestartCount {
  /** Notes what the runtime counts; returns how often it restarted lately when that is a loop, else 0. */
  add(name: string, restarts: number): number;
}

const WINDOW_MS = 10 * 60_000;
const QUIET_MS = 3 * 60_000;
const A_LOOP = 3;

export function countRestarts(now: () => number = Date.now): RestartCount {
  const seen = new Map<string, { at: number; restarts: number }[]>();
  return {
    add(name, restarts) {
      const known = seen.get(name) ?? [];
      const past = known.filter(({ at }, index) => now() - at < WINDOW_MS || index === known.length - 1);
      // A new instance of the same name begins at nothing.
      const counts = past.some((one) => one.restarts > restarts) ? [] : past;
      const last = counts.at(-1);
      if (!last || last.restarts !== restarts) counts.push({ at: now(), restarts });
      seen.set(name, counts);
      const again = restarts - (counts[0]?.restarts ?? restarts);
      const isQuiet = now() - (counts.at(-1)?.at ?? 0) > QUIET_MS;
      return again >= A_LOOP && !isQuiet ? again : 0;
    },
  };
}
