import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";

/**
 * Cuts a stream of bytes into lines, handing on one at a time and waiting for each: a slow reader slows the writer.
 * A carriage return counts as a line's end, so that progress bars become lines. Of a line that would fill the memory the
 * rest is left out; whoever stores it splits it, after redaction.
 */
export async function splitLines(
  source: AsyncIterable<Buffer>,
  onLine: (line: string) => Promise<void> | void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of source) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = parts.pop() ?? "";
    for (const line of parts) await onLine(line);
    // A carriage return at the end may be half of a line's end.
    if (rest.length > LONGEST_RAW_LINE) rest = rest.slice(0, LONGEST_RAW_LINE) + (rest.endsWith("\r") ? "\r" : "");
  }
  rest = (rest + decoder.decode()).replace(/\r$/, "");
  if (rest !== "") await onLine(rest);
}
