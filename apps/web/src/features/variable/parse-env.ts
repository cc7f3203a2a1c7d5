export interface ParsedVariable {
  key: string;
  value: string;
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*/;
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$", "`": "`" };

/**
 * Reads a .env file as the common libraries do: comments and empty lines are skipped, `export` is allowed, double
 * quotes know escapes and may go over lines, single quotes keep everything, an unquoted value ends at ` #`. Nothing is
 * expanded: `$NAME` stays as it is. The last of two equal names counts.
 */
export function parseEnv(text: string): ParsedVariable[] {
  const found = new Map<string, string>();
  let rest = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  while (rest !== "") {
    const match = ASSIGNMENT.exec(lineOf(rest));
    if (!match) {
      rest = afterLine(rest);
      continue;
    }
    const [value, after] = readValue(rest.slice(match[0].length));
    found.delete(match[1] as string);
    found.set(match[1] as string, value);
    rest = after;
  }
  return [...found].map(([key, value]) => ({ key, value }));
}

/** True when a pasted text is more than one plain value: it has an assignment. */
export const looksLikeEnv = (text: string): boolean => text.split("\n").some((line) => ASSIGNMENT.test(line));

const lineOf = (text: string): string => text.split("\n", 1)[0] ?? "";

function afterLine(text: string): string {
  const at = text.indexOf("\n");
  return at < 0 ? "" : text.slice(at + 1);
}

function readValue(text: string): [value: string, after: string] {
  const quote = text[0];
  if (quote === '"' || quote === "'" || quote === "`") {
    const end = closingQuote(text, quote);
    if (end > 0) {
      const raw = text.slice(1, end);
      const value = quote === '"' ? raw.replace(/\\(.)/gs, (all, c: string) => ESCAPES[c] ?? all) : raw;
      return [value, afterLine(text.slice(end + 1))];
    }
  }
  const value = lineOf(text)
    .replace(/(^|\s)#.*$/, "")
    .trim();
  return [value, afterLine(text)];
}

/** Where the quote closes, or -1. */
function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** A name that sounds like it holds something that must not be read again. */
export const soundsSecret = (key: string): boolean =>
  /(secret|token|passw(or)?d|passphrase|private|credential|api_?key|access_?key|_key$|_dsn$|database_url|_url_with_auth)/i.test(
    key,
  );
