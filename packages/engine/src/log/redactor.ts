import type { Secret } from "@windlass/domain";

export const REDACTED = "[redacted]";
const SHORTEST = 4;

/** Replaces every known secret in a text. */
export type Redactor = (text: string) => string;

/**
 * Each secret as it is, as URLs and JSON spell it, and in base64; of one with several lines each line, as logs are
 * lines.
 */
export function spellingsOf(secrets: Iterable<Secret>): Set<string> {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    const value = secret.reveal();
    const parts = [value, ...value.split(/\r?\n/).map((line) => line.trim())];
    for (const part of parts) {
      if (part.length < SHORTEST) continue;
      spellings.add(part);
      spellings.add(encodeURIComponent(part));
      spellings.add(JSON.stringify(part).slice(1, -1));
      spellings.add(Buffer.from(part).toString("base64").replace(/=+$/, ""));
      spellings.add(Buffer.from(part).toString("base64url"));
    }
  }
  return spellings;
}

/** Takes every spelling out; longer ones first, so that a secret inside another leaves nothing of the outer behind. */
export function createRedactor(secrets: Iterable<Secret>): Redactor {
  const escaped = [...spellingsOf(secrets)]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  if (escaped.length === 0) return (text) => text;
  const pattern = new RegExp(escaped.join("|"), "g");
  return (text) => text.replace(pattern, REDACTED);
}
