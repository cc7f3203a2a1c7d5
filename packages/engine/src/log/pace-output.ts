import type { OutputBatch } from "../ports.ts";
import type { OutputBuffer } from "./output-buffer.ts";

/** A line after a silence is handed on at once; those that follow close behind wait for each other. */
const EVERY_MS = 40;
const BATCH_BYTES = 512 * 1024;
/** With this much waiting the source is slowed down. */
export const OUTPUT_HIGH_BYTES = 1024 * 1024;

export interface OutputSource {
  /** Called when lines came, or the source is over */
  onChange(call: () => void): void;
  isOver(): boolean;
  /** Behind all that is in the buffer now */
  position(): unknown;
  /** There is room again */
  resume(): void;
}

/** Hands on what gathers in `lines`, by time or size, whichever comes first, until the source is over. */
export async function* paceOutput(
  lines: OutputBuffer,
  source: OutputSource,
  signal: AbortSignal,
): AsyncGenerator<OutputBatch, void, undefined> {
  let wake = () => {};
  source.onChange(() => wake());
  const changed = (timeoutMs?: number) =>
    new Promise<void>((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort, { once: true });
  let takenAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      if (lines.lines === 0) {
        if (source.isOver()) return;
        await changed();
        continue;
      }
      const waitMs = takenAt + EVERY_MS - performance.now();
      if (waitMs > 0 && lines.bytes < BATCH_BYTES && !source.isOver()) {
        await changed(waitMs);
        continue;
      }
      takenAt = performance.now();
      const batch = { ...lines.take(), position: source.position() };
      source.resume();
      yield batch;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    wake = () => {};
  }
}
