import type { Duplex } from "node:stream";
import { FrameCursor, restartFrame } from "./web-socket-frames.ts";

/** One direction of a WebSocket: passes bytes on as they come, until it is closed between two frames. */
export class WebSocketSide {
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #toward: "client" | "server";
  readonly #cursor = new FrameCursor();
  #state: "open" | "closing" | "closed" = "open";
  #onAnswered: () => void = () => {};

  constructor(from: Duplex, to: Duplex, toward: "client" | "server") {
    this.#from = from;
    this.#to = to;
    this.#toward = toward;
    from.on("data", (chunk: Buffer) => this.pass(chunk)).once("end", () => to.end());
    to.on("drain", () => from.resume());
  }

  pass(chunk: Buffer): void {
    if (this.#state === "open") {
      this.#cursor.advance(chunk);
      this.#write(chunk);
      return;
    }
    let rest = chunk;
    if (this.#state === "closing") {
      const length = this.#cursor.advance(chunk, true);
      this.#write(chunk.subarray(0, length));
      rest = chunk.subarray(length);
      if (this.#cursor.isBetweenFrames) this.#sayGoodbye();
    }
    // What is said after our goodbye goes nowhere, but for the answer to it.
    this.#cursor.advance(rest);
    if (this.#cursor.hasClosed) this.#onAnswered();
  }

  /**
   * Says goodbye in this direction as soon as no frame is under way, and drops what comes after. `onAnswered` is called
   * when the sender of this direction has said goodbye too. A side that says it by itself is left to do so.
   */
  close(onAnswered: () => void): void {
    if (this.#state !== "open") return;
    this.#onAnswered = onAnswered;
    if (this.#cursor.hasClosed) return;
    this.#state = "closing";
    if (this.#cursor.isBetweenFrames) this.#sayGoodbye();
  }

  #sayGoodbye(): void {
    this.#state = "closed";
    // It may have been a goodbye that was under way.
    if (!this.#cursor.hasClosed) this.#to.write(restartFrame(this.#toward));
  }

  #write(chunk: Buffer): void {
    if (chunk.length > 0 && !this.#to.write(chunk)) this.#from.pause();
  }
}
