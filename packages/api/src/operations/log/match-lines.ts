import { splitText, unpackLines } from "@windlass/db/runtime-log";
import type { RuntimeLogFilter, RuntimeLogLine } from "@windlass/domain";

/** A chunk as stored. */
export interface StoredChunk {
  firstSeq: number;
  instance: string;
  data: Uint8Array;
}

const STREAMS = [undefined, "stdout", "stderr", "system"] as const;
const MOST_MATCHES_IN_A_LINE = 50;

const ESC = "\u001b";
const COLOURS = new RegExp(`${ESC}\\[[0-9;?]*[ -/]*[@-~]|${ESC}[@-Z\\\\-_]`, "g");

// Loaded by the threads that search: nothing that takes long to load is imported here.

/** A text without the codes that colour it or move the cursor. */
const withoutColours = (text: string): string => text.replace(COLOURS, "");

/** The lines of chunks that a filter lets through, in order; `after` and `before` are sequence numbers outside. */
export function matchLines(
  chunks: readonly StoredChunk[],
  filter: RuntimeLogFilter,
  { after = 0, before = Number.POSITIVE_INFINITY } = {},
): RuntimeLogLine[] {
  const find = finderOf(filter);
  const lines: RuntimeLogLine[] = [];
  for (const { firstSeq, instance, data } of chunks) {
    const packed = unpackLines(data);
    for (const [index, text] of splitText(packed.text).entries()) {
      const seq = firstSeq + index;
      if (seq <= after || seq >= before) continue;
      const at = packed.at(index);
      const stream = STREAMS[packed.stream(index)] ?? "stdout";
      if (filter.stream !== undefined && stream !== filter.stream) continue;
      if (at < (filter.from ?? Number.NEGATIVE_INFINITY) || at > (filter.until ?? Number.POSITIVE_INFINITY)) continue;
      const matches = find?.(text);
      if (!matches) lines.push({ seq, at, stream, instance, text });
      else if (matches.length > 0) lines.push({ seq, at, stream, instance, text, matches });
    }
  }
  return lines;
}

type Find = (text: string) => [number, number][];

function finderOf({ text: wanted, isRegex }: RuntimeLogFilter): Find | undefined {
  if (wanted === "") return undefined;
  const pattern = new RegExp(isRegex ? wanted : wanted.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi");
  return (text) => {
    const plain = text.includes("\u001b") ? withoutColours(text) : text;
    const matches: [number, number][] = [];
    for (const { index, 0: found } of plain.matchAll(pattern)) {
      matches.push([index, index + found.length]);
      if (matches.length >= MOST_MATCHES_IN_A_LINE) break;
    }
    return matches;
  };
}
