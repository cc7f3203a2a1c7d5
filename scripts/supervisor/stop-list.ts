import { errorMessage } from "./start-failure.ts";
import type { Terminal } from "./terminal.ts";

interface Stop {
  /** Shown in the terminal; without one it is done silently */
  label?: string;
  /** Resolves with what to say of it */
  stop(): Promise<unknown>;
  /** Ends it at once */
  hurry?(): void;
}

/** What was started, stopped in the opposite order; each part once, whatever the others do. */
export class StopList {
  readonly #stops: Stop[] = [];
  #isHurried = false;

  add(stop: Stop): void {
    this.#stops.push(stop);
  }

  /** To be stopped right after the part with that label. */
  insertBefore(label: string, stop: Stop): void {
    const index = this.#stops.findIndex((candidate) => candidate.label === label);
    this.#stops.splice(index < 0 ? this.#stops.length : index, 0, stop);
  }

  get isEmpty(): boolean {
    return !this.#stops.some((stop) => stop.label);
  }

  async run(terminal: Terminal): Promise<void> {
    for (let next = this.#stops.pop(); next; next = this.#stops.pop()) {
      if (this.#isHurried) next.hurry?.();
      const task = next.label ? terminal.task(next.label) : undefined;
      task?.say("stopping");
      try {
        const said = await next.stop();
        task?.done(typeof said === "string" ? said : "stopped");
      } catch (error) {
        task?.warn(errorMessage(error));
      }
    }
  }

  /** Somebody asked twice: no more politeness. */
  hurry(): void {
    this.#isHurried = true;
    for (const stop of this.#stops) stop.hurry?.();
  }
}
