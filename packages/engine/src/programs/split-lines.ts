import { MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";

/**
 * Cuts a stream of bytes into lines, handing on one at a time and waiting for each: a slow reader slows the writer.
 * A carriage return counts as a line's end, so that progress bars become lines; longer lines than the log takes are split.
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
    for (const line of parts) await handOn(line, onLine);
    while (rest.length > MAX_LOG_LINE_CHARACTERS) {
      await onLine(rest.slice(0, MAX_LOG_LINE_CHARACTERS));
      rest = rest.slice(MAX_LOG_LINE_CHARACTERS);
    }
  }
  rest = (rest + decoder.decode()).replace(/\r$/, "");
  if (rest !== "") await handOn(rest, onLine);
}

async function handOn(line: string, onLine: (line: string) => Promise<void> | void): Promise<void> {
  for (let at = 0; at === 0 || at < line.length; at += MAX_LOG_LINE_CHARACTERS) {
    await onLine(line.slice(at, at + MAX_LOG_LINE_CHARACTERS));
  }
}
