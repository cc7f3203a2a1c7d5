import { splitText } from "@windlass/db/runtime-log";
import type { Secret } from "@windlass/domain";
import { createRedactor, createSecretScan, OutputBuffer, type OutputLines, splitLongLine } from "@windlass/engine";

type Stream = Parameters<OutputBuffer["add"]>[4];

/** Takes known secrets out of lines and splits those that are too long; lines that need neither stay the bytes they are. */
export function createLineRedactor(secrets: readonly Secret[]): (lines: OutputLines) => OutputLines {
  const mayHoldSecrets = createSecretScan(secrets);
  const redact = createRedactor(secrets);
  return (lines) => {
    if (!lines.hasLongLines && !mayHoldSecrets(lines.text)) return lines;
    const clean = new OutputBuffer();
    splitText(lines.text).forEach((text, index) => {
      for (const part of splitLongLine(text, redact)) {
        const bytes = Buffer.from(part);
        clean.add(bytes, 0, bytes.length, lines.times[index] ?? 0, (lines.streams[index] ?? 1) as Stream);
      }
    });
    return clean.take();
  };
}
