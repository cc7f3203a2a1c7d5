import { once } from "node:events";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { DomainError } from "@windlass/domain";
import type Dockerode from "dockerode";
import { isCancelled } from "../pipeline/is-taken-over.ts";
import type { CommandRequest, CommandRunner, EffectContext, OwnerLabels } from "../ports.ts";
import { type CommandEnd, commandFailure } from "../programs/command-failure.ts";
import { splitLines } from "../programs/split-lines.ts";
import { containerLimits } from "./container-limits.ts";
import { cancelled, engineError, engineMessage, isMissing, requestSignal, statusOf } from "./errors.ts";
import { containerName, readLabels, writeLabels } from "./names.ts";
import { ensureNetwork, type NetworkOptions } from "./network.ts";
import { requireEngine } from "./require-engine.ts";
import { chooseUser, environmentOf } from "./runtime.ts";

const PURPOSES: readonly CommandRequest["purpose"][] = ["release", "post-deploy"];
const EVIDENCE_LINES = 20;
const HEADER_BYTES = 8;

/**
 * Commands as containers that end. The engine goes on with one when its worker dies, and keeps it when it has ended, so
 * the next worker takes its result: a command runs once.
 */
export class DockerCommandRunner implements CommandRunner {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  async run(request: CommandRequest, context: EffectContext): Promise<void> {
    const { signal } = context;
    if (signal.aborted) throw cancelled();
    const name = nameOf(request.labels, request.purpose);
    const limit = AbortSignal.timeout(request.timeoutMs);
    const end = AbortSignal.any([signal, limit]);
    try {
      const container = await this.#begin(request, name, end, context);
      const lastLines = await this.#follow(container, end, context);
      if (!end.aborted) {
        const { State } = await container.inspect();
        if (State.ExitCode === 0) return;
        await requireEngine(this.#options.engine, `running the ${request.purpose} command`);
        throw commandFailure(request, { exitCode: State.ExitCode, outOfMemory: State.OOMKilled, lastLines });
      }
      throw await this.#endOf(request, name, lastLines, context);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      if (end.aborted) throw await this.#endOf(request, name, [], context);
      throw engineError(error, "command_failed", `running the ${request.purpose} command`);
    }
  }

  async remove(labels: OwnerLabels): Promise<void> {
    for (const purpose of PURPOSES) await this.#remove(nameOf(labels, purpose));
  }

  /** What it rejects with once the signal or the time is over: ended and confirmed, or left for the next worker. */
  async #endOf(
    request: CommandRequest,
    name: string,
    lastLines: CommandEnd["lastLines"],
    { signal }: EffectContext,
  ): Promise<DomainError> {
    if (signal.aborted && !isCancelled(signal)) return cancelled();
    await this.#remove(name);
    return signal.aborted ? cancelled() : commandFailure(request, { exitCode: null, isOutOfTime: true, lastLines });
  }

  /** The command's container, running or ended: one that a worker before made is taken as it is. */
  async #begin(
    request: CommandRequest,
    name: string,
    end: AbortSignal,
    { log }: EffectContext,
  ): Promise<Dockerode.Container> {
    const { engine } = this.#options;
    const container = engine.getContainer(name);
    const present = await this.#find(name);
    if (present && present.State.Status !== "created") {
      const hasEnded = !present.State.Running;
      const how = hasEnded ? "It ended meanwhile" : "It goes on";
      await log("system", `A worker before began this command. ${how}: it is not run a second time.`);
      return container;
    }
    if (!present) await this.#create(request, name);
    if (end.aborted) throw cancelled();
    try {
      await container.start();
    } catch (error) {
      if (statusOf(error) === 304) return container;
      const message = engineMessage(error);
      const isTheirs = /executable file not found|no such file|permission denied|exec format/i.test(message);
      if (!isTheirs) throw error;
      throw commandFailure(request, { exitCode: 127, lastLines: [message] });
    }
    return container;
  }

  async #create({ labels, artifact, config, variables, argv }: CommandRequest, name: string): Promise<void> {
    const { engine } = this.#options;
    if (artifact.kind !== "image") throw new Error("A command on Docker needs an image.");
    const image = await engine.getImage(artifact.imageId).inspect();
    const user = chooseUser(image.Config.User ?? "");
    const network = await ensureNetwork(this.#options, labels.environmentId);
    await engine.createContainer({
      name,
      Image: artifact.imageId,
      Cmd: argv,
      ...(user !== undefined ? { User: user } : {}),
      Env: environmentOf(config, variables, user !== undefined),
      Labels: writeLabels(labels),
      HostConfig: {
        ...(await containerLimits(engine, config)),
        NetworkMode: network.name,
        RestartPolicy: { Name: "no" },
      },
    });
  }

  /** Its output, line by line, until it ends or `end` aborts. Returns the last lines. */
  async #follow(container: Dockerode.Container, end: AbortSignal, context: EffectContext): Promise<string[]> {
    const lastLines: string[] = [];
    const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
    const reading = Object.entries(outputs).map(([stream, output]) =>
      splitLines(output, async (line) => {
        lastLines.push(stripVTControlCharacters(line));
        if (lastLines.length > EVIDENCE_LINES) lastLines.shift();
        await context.log(stream as keyof typeof outputs, line);
      }),
    );
    try {
      const options = { follow: true, stdout: true, stderr: true, abortSignal: requestSignal(end) } as const;
      const stream = (await container.logs(options)) as unknown as AsyncIterable<Buffer>;
      for await (const { isError, payload } of frames(stream)) {
        const output = isError ? outputs.stderr : outputs.stdout;
        if (!output.write(payload)) await once(output, "drain");
      }
    } catch (error) {
      if (!end.aborted) throw error;
    } finally {
      outputs.stdout.end();
      outputs.stderr.end();
      await Promise.all(reading);
    }
    // The log's end may come a moment before the engine notes the exit code.
    if (!end.aborted) await container.wait({ abortSignal: requestSignal(end) }).catch(() => {});
    return lastLines;
  }

  async #find(name: string): Promise<Dockerode.ContainerInspectInfo | undefined> {
    try {
      const found = await this.#options.engine.getContainer(name).inspect();
      return readLabels(found.Config.Labels)?.owner === this.#options.owner ? found : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw engineError(error, "runtime_unavailable", `looking at ${name}`);
    }
  }

  async #remove(name: string): Promise<void> {
    const container = this.#options.engine.getContainer(name);
    while (await this.#find(name)) {
      try {
        await container.remove({ force: true, v: true });
      } catch (error) {
        if (isMissing(error)) return;
        if (statusOf(error) !== 409) throw engineError(error, "runtime_unavailable", `removing ${name}`);
        // Somebody else is removing it; wait with them.
        await container.wait({ condition: "removed" }).catch(() => {});
      }
    }
  }
}

const nameOf = (labels: OwnerLabels, purpose: CommandRequest["purpose"]): string => containerName(labels, purpose);

/** The engine's frames: 1 byte stream, 3 zero, 4 length, payload. */
async function* frames(stream: AsyncIterable<Buffer>): AsyncGenerator<{ isError: boolean; payload: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32BE(4);
      if (rest.length < HEADER_BYTES + length) break;
      yield { isError: rest[0] === 2, payload: rest.subarray(HEADER_BYTES, HEADER_BYTES + length) };
      rest = rest.subarray(HEADER_BYTES + length);
    }
  }
}
