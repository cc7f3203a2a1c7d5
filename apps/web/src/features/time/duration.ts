/** "340 ms", "4.2 s", "38 s", "2 min 05 s", "1 h 12 min": three figures at most, units always named. */
export function formatDuration(ms: number): string {
  if (ms < 0 || Number.isNaN(ms)) return "0 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** As formatDuration, in whole seconds, for what counts up: tenths that flicker tell nothing. */
export const formatRunning = (ms: number): string =>
  ms < 1000 ? "0 s" : ms < 60_000 ? `${Math.floor(ms / 1000)} s` : formatDuration(Math.floor(ms / 1000) * 1000);

const UNITS = [
  ["year", 365 * 24 * 3600],
  ["month", 30 * 24 * 3600],
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
] as const;

const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** "just now", "3 min. ago", "yesterday", "in 12 days". */
export function formatRelative(at: Date, now: number): string {
  const seconds = (at.getTime() - now) / 1000;
  for (const [unit, size] of UNITS) {
    const count = seconds / size;
    if (Math.abs(count) >= 1) return WORDS.format(size > 3600 ? Math.round(count) : Math.trunc(count), unit);
  }
  return seconds > 5 ? "in a moment" : "just now";
}

const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const formatExact = (at: Date): string => EXACT.format(at);
