import { linkSync, rmSync } from "node:fs";
import { request } from "node:http";
import { type DrainCommand, DrainResult } from "@windlass/domain";
import type { Logger } from "pino";

/** Beyond a drain's own limits: goodbyes of streams, and a busy machine. */
const DRAIN_MARGIN_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;

/**
 * The router that this one took over from. While it finishes what it has in flight, it must know what is commanded here:
 * a request on one of its kept connections would otherwise go to a release that is about to be stopped, and a drain that
 * asked only here would end too soon.
 */
export class Predecessor {
  readonly #path: string;
  readonly #log: Logger;
  #isGone = false;

  private constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** Keeps a second name for the socket of whoever is in charge now, before its own is taken over. */
  static find(controlSocket: string, log: Logger): Predecessor | undefined {
    const path = `${controlSocket}.before.${process.pid}`;
    try {
      rmSync(path, { force: true });
      linkSync(controlSocket, path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") log.warn({ err: cause }, "predecessor not found");
      return undefined;
    }
    return new Predecessor(path, log);
  }

  /** From here on it takes no more commands; what it had is on disk. */
  handOver(): Promise<void> {
    return this.#tell("/hand-over");
  }

  /** It reads the table again. */
  follow(): Promise<void> {
    return this.#tell("/follow");
  }

  /** What it has open on a target; nothing when it is gone. */
  async drain(command: DrainCommand): Promise<DrainResult | undefined> {
    const limitMs = Math.max(command.timeoutMs, command.streamGraceMs ?? 0) + DRAIN_MARGIN_MS;
    const answer = await this.#ask("/drain-here", command, limitMs);
    return answer === undefined ? undefined : DrainResult.parse(answer);
  }

  forget(): void {
    this.#isGone = true;
    rmSync(this.#path, { force: true });
  }

  async #tell(path: string): Promise<void> {
    await this.#ask(path, {}, ANSWER_WITHIN_MS);
  }

  async #ask(path: string, body: unknown, withinMs: number): Promise<unknown> {
    if (this.#isGone) return undefined;
    try {
      return await post(this.#path, path, body, AbortSignal.timeout(withinMs));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ECONNREFUSED" || code === "ENOENT") this.forget();
      else this.#log.warn({ err: cause, path }, "the router before did not answer");
      return undefined;
    }
  }
}

function post(socketPath: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const req = request({ socketPath, path, method: "POST", agent: false, signal }, async (res) => {
    try {
      let text = "";
      for await (const chunk of res.setEncoding("utf8")) text += chunk;
      if (res.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(`${path}: ${res.statusCode} ${text}`));
    } catch (cause) {
      reject(cause);
    }
  });
  req.on("error", reject).end(JSON.stringify(body));
  return promise;
}
