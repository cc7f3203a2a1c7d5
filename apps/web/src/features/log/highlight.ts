import type { AnsiSpan } from "./ansi";

export interface Range {
  from: number;
  to: number;
  isCurrent: boolean;
}

export interface MarkedSpan extends AnsiSpan {
  mark?: "match" | "current";
}

/** Cuts the pieces of a line where matches begin and end. Ranges are in order and do not overlap. */
export function markSpans(spans: readonly AnsiSpan[], ranges: readonly Range[]): MarkedSpan[] {
  if (ranges.length === 0) return [...spans];
  const marked: MarkedSpan[] = [];
  let start = 0;
  for (const span of spans) {
    const end = start + span.text.length;
    let at = start;
    const cut = (to: number, mark?: MarkedSpan["mark"]) => {
      if (to > at) marked.push({ ...span, text: span.text.slice(at - start, to - start), mark });
      at = Math.max(at, to);
    };
    for (const range of ranges) {
      if (range.to <= start || range.from >= end) continue;
      cut(range.from);
      cut(Math.min(range.to, end), range.isCurrent ? "current" : "match");
    }
    cut(end);
    start = end;
  }
  return marked;
}
