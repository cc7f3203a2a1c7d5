import { MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";
import type { Redactor } from "./redactor.ts";

/** Of a longer line the rest is left out: it would fill the memory of whoever reads it. */
const LONGEST_LINE = 1024 * 1024;
/** More than any spelling of a secret that a variable can hold. */
const LONGEST_SECRET = 320 * 1024;
/** As much of a line as its reader has to hand on: a secret that begins before the place of the cut is in it whole. */
export const LONGEST_RAW_LINE = LONGEST_LINE + LONGEST_SECRET;

/** A line as the log takes it: first redacted, then cut into parts, so that no secret survives in two halves. */
export function splitLongLine(text: string, redact: Redactor): string[] {
  const clean = redact(text);
  if (clean.length <= MAX_LOG_LINE_CHARACTERS) return [clean];
  const isCut = text.length >= LONGEST_RAW_LINE;
  const whole = isCut ? `${clean.slice(0, LONGEST_LINE)} … (the rest of this line was left out)` : clean;
  const parts: string[] = [];
  for (let at = 0; at < whole.length; at += MAX_LOG_LINE_CHARACTERS) {
    parts.push(whole.slice(at, at + MAX_LOG_LINE_CHARACTERS).toWellFormed());
  }
  return parts;
}
