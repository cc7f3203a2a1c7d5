import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { z } from "zod";
import { OutputBuffer } from "../log/output-buffer.ts";
import { OUTPUT_HIGH_BYTES, paceOutput } from "../log/pace-output.ts";
import type { InstanceOutput, OutputBatch } from "../ports.ts";
import { isMissing, requestSignal } from "./errors.ts";
import { type DockerCursors, LogParser } from "./log-parser.ts";
import { readLabels } from "./names.ts";

const StreamCursor = z.object({ time: z.string(), count: z.int() });

/** Where to go on in a container's log. */
const DockerPosition = z.object({
  /** A container of the same name that was made anew begins a new log */
  containerId: z.string(),
  stdout: StreamCursor.optional(),
  stderr: StreamCursor.optional(),
});
type DockerPosition = z.infer<typeof DockerPosition>;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/**
 * A request that the engine gets in the moment a container stops may stay open for ever, and tell nothing of its next run:
 * a silent one is looked after.
 */
const SILENT_MS = 10_000;

const longer = (pauseMs: number): number => Math.min(Math.max(FIRST_PAUSE_MS, pauseMs * 2), LONGEST_PAUSE_MS);

interface FoundContainer {
  id: string;
  /** Which of its runs it is in, or that it is down */
  run: string;
}

/**
 * Follows containers' output through the engine's log endpoint. That ends when the container stops, also when it is
 * about to be started again, and breaks when the engine restarts: it is asked again, from where it ended, until the
 * container is gone.
 */
export class DockerOutput implements InstanceOutput {
  readonly #engine: Dockerode;
  readonly #owner: string;

  constructor({ engine, owner }: { engine: Dockerode; owner: string }) {
    this.#engine = engine;
    this.#owner = owner;
  }

  async *follow(name: string, after: unknown, signal: AbortSignal): AsyncGenerator<OutputBatch, void, undefined> {
    const known = DockerPosition.safeParse(after);
    let position: DockerPosition | undefined = known.success ? known.data : undefined;
    let pauseMs = 0;
    /** The last connection read the log to its end while the container was down */
    let hasReadAll = false;
    while (!signal.aborted) {
      await delay(pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const found = await this.#find(name);
      if (found === "gone") {
        if (position && !hasReadAll) yield lostEnd(position);
        return;
      }
      const connection = found === "unknown" ? undefined : await this.#connect(name, found, position, signal);
      if (!connection || found === "unknown") {
        pauseMs = longer(pauseMs);
        continue;
      }
      const { lines, parser } = connection;
      let hasProgress = false;
      try {
        for await (const batch of paceOutput(lines, connection, signal)) {
          hasProgress = true;
          position = batch.position as DockerPosition;
          yield batch;
        }
      } finally {
        connection.close();
      }
      hasReadAll = connection.isComplete();
      if (parser.isSuspicious) pauseMs = 0;
      else pauseMs = hasProgress ? FIRST_PAUSE_MS : longer(pauseMs);
    }
  }

  async #find(name: string): Promise<FoundContainer | "gone" | "unknown"> {
    try {
      const { Id, Config, State } = await this.#engine.getContainer(name).inspect();
      const run = `${State.StartedAt} ${State.Running}`;
      return readLabels(Config.Labels)?.owner === this.#owner ? { id: Id, run } : "gone";
    } catch (error) {
      return isMissing(error) ? "gone" : "unknown";
    }
  }

  async #connect(name: string, { id, run }: FoundContainer, position: DockerPosition | undefined, signal: AbortSignal) {
    const cursors = position?.containerId === id ? position : {};
    const askedAt = Date.now();
    let stream: Readable;
    try {
      stream = (await this.#engine.getContainer(id).logs({
        follow: true,
        stdout: true,
        stderr: true,
        timestamps: true,
        since: sinceOf(cursors),
        abortSignal: requestSignal(signal),
      })) as unknown as Readable;
    } catch {
      return undefined;
    }
    const lines = new OutputBuffer();
    const parser = new LogParser(lines, cursors, askedAt);
    let onChange = () => {};
    let isOver = false;
    let isComplete = false;
    let isSilent = true;
    const lookAfter = setInterval(async () => {
      if (!isSilent || stream.isPaused()) {
        isSilent = true;
        return;
      }
      const now = await this.#find(name);
      const isSameRun = now === "unknown" || (now !== "gone" && now.id === id && now.run === run);
      if (isSameRun || !isSilent || isOver) return;
      // Nothing came for a while, so everything did.
      isComplete = true;
      parser.finish();
      stream.destroy();
    }, SILENT_MS);
    stream.on("data", (chunk: Buffer) => {
      isSilent = false;
      parser.feed(chunk);
      if (parser.isSuspicious) {
        stream.destroy();
        isOver = true;
      } else if (lines.bytes >= OUTPUT_HIGH_BYTES) stream.pause();
      onChange();
    });
    const over = () => {
      isOver = true;
      onChange();
    };
    stream.once("end", () => {
      isComplete = (stream as Readable & { complete?: boolean }).complete ?? true;
      if (isComplete && !parser.isSuspicious) parser.finish();
      over();
    });
    stream.once("error", over);
    stream.once("close", over);
    return {
      lines,
      parser,
      isComplete: () => isComplete,
      isOver: () => isOver,
      position: (): DockerPosition => ({ containerId: id, ...definedOnly(parser.cursors) }),
      onChange: (call: () => void) => {
        onChange = call;
      },
      resume: () => stream.resume(),
      close: () => {
        clearInterval(lookAfter);
        stream.destroy();
      },
    };
  }
}

/**
 * From a second before the newest line: the two streams are not in one order, and which frames were read before is told
 * by their cursors. The engine takes whole seconds without loss.
 */
function sinceOf({ stdout, stderr }: DockerCursors): number {
  const newest = [stdout?.time ?? "", stderr?.time ?? ""].sort()[1];
  return newest ? Math.floor(Date.parse(`${newest.slice(0, 19)}Z`) / 1000) - 1 : 0;
}

const definedOnly = ({ stdout, stderr }: DockerCursors): DockerCursors => ({
  ...(stdout ? { stdout } : {}),
  ...(stderr ? { stderr } : {}),
});

function lostEnd(position: unknown): OutputBatch {
  const lines = new OutputBuffer();
  lines.remark("The last lines may be missing: the container was removed while nobody could read its log.", Date.now());
  return { ...lines.take(), position };
}
