/** Lines that a link names, by number, both included. */
export interface LineRange {
  from: number;
  to: number;
}

/** Reads `#L120` and `#L120-L130`; anything else is null. */
export function parseLineRange(hash: string): LineRange | null {
  const found = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (!found) return null;
  const [a, b] = [Number(found[1]), Number(found[2] ?? found[1])];
  return a < 1 || b < 1 ? null : { from: Math.min(a, b), to: Math.max(a, b) };
}

export const formatLineRange = ({ from, to }: LineRange): string => (from === to ? `#L${from}` : `#L${from}-L${to}`);
