import type { IncomingHttpHeaders } from "node:http";

/**
 * Answers that go on until somebody ends them, in pieces that stand for themselves: by type, what the end of a piece
 * looks like. Such an answer may be ended in order between two of them, and its client comes again. Any other answer of
 * unknown length that is ended early would pass for whole, so it is broken off.
 */
const STREAMS: Record<string, RegExp> = {
  "text/event-stream": /(?:\n\n|\r\n\r\n|\r\r|^)$/,
  "application/x-ndjson": /(?:\n|^)$/,
  "application/jsonl": /(?:\n|^)$/,
  "application/stream+json": /(?:\n|^)$/,
  "multipart/x-mixed-replace": /$/,
};

/** Knows whether an endless answer is between two of its pieces. */
export class EventStream {
  readonly #end: RegExp;
  #tail = "";

  private constructor(end: RegExp) {
    this.#end = end;
  }

  /** Undefined when this is an ordinary answer. */
  static of(headers: IncomingHttpHeaders): EventStream | undefined {
    const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    const end = headers["content-length"] === undefined ? STREAMS[type] : undefined;
    return end && new EventStream(end);
  }

  note(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.subarray(-4).toString("latin1")).slice(-4);
  }

  get isBetweenPieces(): boolean {
    return this.#end.test(this.#tail);
  }
}
