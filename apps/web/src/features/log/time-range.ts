// What <input type="datetime-local"> holds is a minute of the browser's own time zone.

const MINUTE_MS = 60_000;

/** The minute as the field writes it, from milliseconds since the epoch; empty for none. */
export function minuteOf(at: number | undefined): string {
  if (at === undefined) return "";
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The first millisecond of the field's minute, or undefined while it holds none. */
export function startOfMinute(value: string): number | undefined {
  const at = new Date(value).getTime();
  return value === "" || Number.isNaN(at) ? undefined : at;
}

/** The last millisecond of the field's minute: who says "until 12:30" means the lines of that minute too. */
export function endOfMinute(value: string): number | undefined {
  const at = startOfMinute(value);
  return at === undefined ? undefined : at + MINUTE_MS - 1;
}
