/** Splits a command as people write it into words: spaces separate, quotes keep together, a backslash keeps the next. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "\\" && quote !== "'" && at + 1 < text.length) {
      word = (word ?? "") + text[++at];
    } else if (quote) {
      if (character === quote) quote = null;
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** The other way: quotes only where they are needed. */
export const joinWords = (words: readonly string[]): string =>
  words.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
