/** What an app's own lines say of why it does not run, where they say it in words that many programs share. */
export type Told =
  | { what: "heap_exhausted"; heapMb: number | null }
  | { what: "disk_full" }
  | { what: "port_taken"; port: number | null }
  | { what: "port_denied"; port: number | null }
  | { what: "denied"; path: string | null }
  | { what: "name_unknown"; name: string | null }
  | { what: "cannot_execute"; program: string | null; why: "missing" | "denied" | "format" };

/** A line and what it tells */
export interface Reading {
  told: Told;
  line: string;
}

type Reader = (line: string) => Told | undefined;

const port = (text: string | undefined): number | null => (text === undefined ? null : Number(text));

/** In the order in which they are believed: the more particular first. */
const READERS: Reader[] = [
  (line) => {
    // docker-init's words; and prlimit's, which stands in front of processes.
    const found = /\[FATAL tini \(\d+\)\] exec (\S+) failed: (.*)$|prlimit: failed to execute (.+?): (.*)$/.exec(line);
    if (!found) return undefined;
    return { what: "cannot_execute", program: found[1] ?? found[3] ?? null, why: whyNot(found[2] ?? found[4] ?? "") };
  },
  (line) => {
    if (!/exec format error|cannot execute binary file/i.test(line)) return undefined;
    return { what: "cannot_execute", program: /(\/[^\s:'"]+)/.exec(line)?.[1] ?? null, why: "format" };
  },
  (line) => {
    const isHeap =
      /heap limit Allocation failed|JavaScript heap out of memory|java\.lang\.OutOfMemoryError|^MemoryError\b/.test(
        line,
      );
    return isHeap ? { what: "heap_exhausted", heapMb: null } : undefined;
  },
  (line) => (/ENOSPC|no space left on device/i.test(line) ? { what: "disk_full" } : undefined),
  (line) => {
    if (!/EADDRINUSE|address already in use|address in use/i.test(line)) return undefined;
    return { what: "port_taken", port: port(/[:\s](\d{2,5})\b(?!.*[:\s]\d{2,5}\b)/.exec(line)?.[1]) };
  },
  (line) => {
    const isBind = /(?:listen|bind)\S*\s.*(?:EACCES|permission denied)|bind\(\).*Permission denied/i.test(line);
    return isBind ? { what: "port_denied", port: port(/:(\d{1,5})\b/.exec(line)?.[1]) } : undefined;
  },
  (line) => {
    if (!/permission denied|\bEACCES\b|\bEPERM\b|read-only file system|\bEROFS\b/i.test(line)) return undefined;
    return {
      what: "denied",
      path: /['"](\/[^'"]+)['"]|(?:^|\s)(\/[^\s:'"]+)/.exec(line)?.slice(1).find(Boolean) ?? null,
    };
  },
  (line) => {
    const named =
      /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)|could not translate host name "([^"]+)"|lookup ([\w.-]+)(?: on \S+)?: (?:no such host|server misbehaving)|bad address '([\w.-]+)'|Unknown (?:MySQL server )?host '([\w.-]+)'|UnknownHostException: ([\w.-]+)/.exec(
        line,
      );
    const name = named?.slice(1).find(Boolean) ?? null;
    const isNameless = /Name or service not known|Temporary failure in name resolution|nodename nor servname/i.test(
      line,
    );
    return named || isNameless ? { what: "name_unknown", name } : undefined;
  },
];

const whyNot = (words: string): "missing" | "denied" | "format" =>
  /no such file/i.test(words) ? "missing" : /format/i.test(words) ? "format" : "denied";

/** The first thing that the lines tell, by how much it can be believed, and the line that tells it. */
export function readLines(lines: readonly string[]): Reading | undefined {
  for (const reader of READERS) {
    for (const line of lines) {
      const told = reader(line);
      if (told?.what === "heap_exhausted") return { line, told: { ...told, heapMb: heapPeak(lines) } };
      if (told) return { line, told };
    }
  }
  return undefined;
}

/** The largest heap that V8's collector reports in its last words. */
function heapPeak(lines: readonly string[]): number | null {
  const sizes = lines.flatMap((line) =>
    [...line.matchAll(/(?:Mark-Compact|Scavenge)[^\d]*([\d.]+) \(/g)].map(([, mb]) => Number(mb)),
  );
  return sizes.length > 0 ? Math.round(Math.max(...sizes)) : null;
}
