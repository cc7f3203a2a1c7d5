import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

/**
 * A request's body on its way to a release. It stands between the two because undici destroys the stream it was given
 * when the release answers early, and destroying the request itself would cut the client off from that answer. It reads
 * only as fast as the release takes, and fails when the client pauses for longer than `stalledMs`.
 */
export class BodyStream extends Readable {
  readonly #req: IncomingMessage;
  readonly #stalledMs: number;
  #timer: NodeJS.Timeout | undefined;
  #started = false;

  constructor(req: IncomingMessage, stalledMs: number) {
    super({ highWaterMark: 64 * 1024 });
    this.#req = req;
    this.#stalledMs = stalledMs;
  }

  override _read(): void {
    if (!this.#started) {
      this.#started = true;
      this.#req
        .on("data", this.#onData)
        .once("end", this.#onEnd)
        .once("error", this.#onError)
        .once("close", this.#onClose);
      this.#timer = setTimeout(this.#onStalled, this.#stalledMs);
    }
    this.#timer?.refresh();
    this.#req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#req.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose);
    if (this.#started && !this.#req.complete) this.#discardRest();
    callback(error);
  }

  /** The rest is read and dropped, so that the client comes to read its answer; but not for ever. */
  #discardRest(): void {
    const { socket } = this.#req;
    const limit = setTimeout(() => socket.destroy(), this.#stalledMs).unref();
    this.#req.once("close", () => clearTimeout(limit));
    this.#req.on("error", () => {}).resume();
  }

  #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#req.pause();
    this.#timer?.refresh();
  };
  #onEnd = (): void => {
    clearTimeout(this.#timer);
    this.push(null);
  };
  #onError = (error: Error): void => {
    this.destroy(error);
  };
  #onClose = (): void => {
    if (!this.#req.complete) this.destroy(new Error("the client went away while it sent its request"));
  };
  #onStalled = (): void => {
    // Paused: it is the release that is slow, not the client.
    if (this.#req.isPaused()) this.#timer?.refresh();
    else this.#req.socket.destroy();
  };
}
