import { randomBytes } from "node:crypto";

const CLOSE = 8;
const LONGEST_HEADER = 14;
/** RFC 6455, 7.4: the connection is closed because the service restarts; the client may come again at once. */
const SERVICE_RESTART = 1012;
const REASON = "Service Restart";

/**
 * Follows one direction of a WebSocket (RFC 6455, 5.2) without looking at what it says: only so far as to know where one
 * frame ends and the next begins, because a frame of our own may only stand between two.
 */
export class FrameCursor {
  readonly #header = Buffer.alloc(LONGEST_HEADER);
  #have = 0;
  #payloadLeft = 0;
  /** This side has begun to say that it closes: nothing may follow that */
  hasClosed = false;

  get isBetweenFrames(): boolean {
    return this.#have === 0 && this.#payloadLeft === 0;
  }

  /** Goes over a chunk; with `onlyToEnd`, no further than the frame under way. Returns how many bytes that were. */
  advance(chunk: Buffer, onlyToEnd = false): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= skipped;
        at += skipped;
      } else {
        this.#header[this.#have++] = chunk[at++] as number;
        if (this.#have === this.#headerLength()) this.#beginPayload();
      }
      if (onlyToEnd && this.isBetweenFrames) return at;
    }
    return at;
  }

  #headerLength(): number {
    if (this.#have < 2) return LONGEST_HEADER;
    const second = this.#header[1] as number;
    const length = second & 0x7f;
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
  }

  #beginPayload(): void {
    const length = (this.#header[1] as number) & 0x7f;
    this.#payloadLeft =
      length === 126 ? this.#header.readUInt16BE(2) : length === 127 ? Number(this.#header.readBigUInt64BE(2)) : length;
    if (((this.#header[0] as number) & 0x0f) === CLOSE) this.hasClosed = true;
    this.#have = 0;
  }
}

/** A close frame with code 1012. What goes to a server is masked, as RFC 6455 5.3 demands of clients. */
export function restartFrame(to: "client" | "server"): Buffer {
  const payload = Buffer.concat([Buffer.from([SERVICE_RESTART >> 8, SERVICE_RESTART & 0xff]), Buffer.from(REASON)]);
  if (to === "client") return Buffer.concat([Buffer.from([0x80 | CLOSE, payload.length]), payload]);
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] as number));
  return Buffer.concat([Buffer.from([0x80 | CLOSE, 0x80 | payload.length]), mask, masked]);
}
