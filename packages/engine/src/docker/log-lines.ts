import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";

const HEADER_BYTES = 8;

/**
 * Lines of a container's log as the engine gives it: frames of one header (1 byte stream, 3 zero, 4 length) and a
 * payload. A line over 16 KiB comes in several frames, so a line ends only at a line break of its own stream.
 */
export function readLogFrames(log: Buffer): string[] {
  const lines: string[] = [];
  const open = new Map<number, Buffer[]>();
  let at = 0;
  while (at + HEADER_BYTES <= log.length) {
    const stream = log.readUInt8(at);
    const end = at + HEADER_BYTES + log.readUInt32BE(at + 4);
    let from = at + HEADER_BYTES;
    const parts = open.get(stream) ?? [];
    open.set(stream, parts);
    for (let stop = log.indexOf(10, from); stop !== -1 && stop < end; stop = log.indexOf(10, from)) {
      lines.push(writeLine([...parts.splice(0), log.subarray(from, stop)]));
      from = stop + 1;
    }
    if (from < end) parts.push(log.subarray(from, end));
    at = end;
  }
  for (const parts of open.values()) if (parts.length > 0) lines.push(writeLine(parts));
  return lines;
}

const writeLine = (parts: Buffer[]): string =>
  Buffer.concat(parts).toString("utf8").replace(/\r$/, "").slice(0, LONGEST_RAW_LINE);
