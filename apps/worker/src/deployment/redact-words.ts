import { MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";
import type { Redactor } from "@windlass/engine";

/**
 * What people wrote or programs said, by the name it has in results, plans and proofs. All else is a name, a digest or a
 * path that a later step acts on: an app whose secret happens to be a part of one must still find it.
 */
const WORDS = new Set([
  "message",
  "author",
  "before",
  "after",
  "evidence",
  "warnings",
  "note",
  "zeroDowntimeNote",
  "detail",
]);

/** A copy of a stored value without secrets in its words. */
export function redactWords<T>(value: T, redact: Redactor, isWords = false): T {
  if (typeof value === "string") return (isWords ? redactText(value, redact) : value) as T;
  if (Array.isArray(value)) return value.map((one) => redactWords(one, redact, isWords)) as T;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, redactWords(one, redact, WORDS.has(key))]);
  return Object.fromEntries(entries) as T;
}

/** One text, not longer than a line of the log once its secrets are out. */
export const redactText = (text: string, redact: Redactor): string => redact(text).slice(0, MAX_LOG_LINE_CHARACTERS);
