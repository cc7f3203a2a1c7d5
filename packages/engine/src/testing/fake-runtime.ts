import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Artifact, DomainError, type RuntimeKind, Secret, type StartedInstance } from "@windlass/domain";
import { OutputBuffer } from "../log/output-buffer.ts";
import type {
  BuildRequest,
  CommandRequest,
  CommandRunner,
  EffectContext,
  Examination,
  Examiner,
  ImageBuilder,
  InstanceOutput,
  InstanceState,
  Inventory,
  OutputBatch,
  OwnedInstance,
  OwnerLabels,
  ProgramOutcome,
  Runtime,
  RuntimePorts,
  StartRequest,
} from "../ports.ts";
import type { RuntimeHarness } from "./runtime-contract.ts";

/** What a worker's next call does instead of its work: for tests of what happens when it fails. */
export type FakeFault = Error | (() => Promise<void>);

interface FakeInstance {
  name: string;
  labels: OwnerLabels;
  ordinal: number;
  artifact: Artifact;
  variables: Record<string, string>;
  server: Server | undefined;
  address: { host: string; port: number };
  end: { exitCode: number | null; signal: string | null; outOfMemory: boolean } | undefined;
  lines: string[];
}

interface FakeArtifact {
  labels: OwnerLabels;
  artifact: Artifact;
}

/**
 * An engine in memory: an instance is a small HTTP server of this process that answers like the tiny app and follows
 * the same BEHAVIOUR, so health checks and routers work on it. Several adapters may share one, as workers share an
 * engine.
 */
export class FakeEngine {
  readonly instances = new Map<string, FakeInstance>();
  readonly artifacts = new Map<string, FakeArtifact>();
  /** Every call in order, such as "start wl-tiny-production-…" */
  readonly calls: string[] = [];
  readonly #faults = new Map<string, FakeFault[]>();

  /** The next call of this name (build, start, stop, …) meets the fault: an error is thrown, a function is awaited first. */
  failNext(call: string, fault: FakeFault): void {
    this.#faults.set(call, [...(this.#faults.get(call) ?? []), fault]);
  }

  /** Ends an instance as a crash would. */
  async crash(name: string, exitCode = 1): Promise<void> {
    const instance = this.instances.get(name);
    if (instance) await end(instance, { exitCode, signal: null, outOfMemory: false });
  }

  async close(): Promise<void> {
    for (const instance of this.instances.values()) await closeServer(instance);
    this.instances.clear();
    this.artifacts.clear();
  }

  async enter(call: string, subject: string): Promise<void> {
    this.calls.push(`${call} ${subject}`);
    const fault = this.#faults.get(call)?.shift();
    if (fault instanceof Error) throw fault;
    await fault?.();
  }
}

export interface FakeRuntimeOptions {
  owner: string;
  engine?: FakeEngine;
  kind?: RuntimeKind;
}

export function createFakeRuntime({
  owner,
  engine = new FakeEngine(),
  kind = "docker",
}: FakeRuntimeOptions): RuntimePorts & { engine: FakeEngine } {
  const runtime = new FakeRuntime(engine, owner, kind);
  return {
    engine,
    builder: new FakeBuilder(engine, owner),
    runtime,
    inventory: fakeInventory(engine, owner, runtime),
    examiner: new FakeExaminer(engine, owner),
    commands: new FakeCommands(engine),
    output: new FakeOutput(engine, owner),
  };
}

/** A command is its name in the engine's calls; one that shall fail or hang is told by `failNext`. */
class FakeCommands implements CommandRunner {
  readonly #engine: FakeEngine;

  constructor(engine: FakeEngine) {
    this.#engine = engine;
  }

  async run({ purpose }: CommandRequest, context: EffectContext): Promise<void> {
    throwIfCancelled(context);
    await this.#engine.enter("command", purpose);
    throwIfCancelled(context);
  }

  async remove({ releaseId }: OwnerLabels): Promise<void> {
    await this.#engine.enter("remove commands", releaseId);
  }
}

class FakeBuilder implements ImageBuilder {
  readonly #engine: FakeEngine;
  readonly #owner: string;

  constructor(engine: FakeEngine, owner: string) {
    this.#engine = engine;
    this.#owner = owner;
  }

  async build({ labels, sourceFolder, image }: BuildRequest, context: EffectContext): Promise<Artifact> {
    await this.#engine.enter("build", labels.releaseId);
    throwIfCancelled(context);
    const tag = `fake/${labels.appSlug}:${labels.releaseId}`;
    const present = this.#engine.artifacts.get(tag);
    if (present) return present.artifact;
    if (sourceFolder !== null) await this.#runBuildScript(sourceFolder, context);
    throwIfCancelled(context);
    const artifact: Artifact = {
      kind: "image",
      imageId: `sha256:${labels.releaseId}`,
      tag,
      origin: image ?? "Dockerfile",
    };
    this.#engine.artifacts.set(tag, { labels, artifact });
    await context.log("stdout", "built");
    return artifact;
  }

  async reuse(artifact: Artifact, labels: OwnerLabels): Promise<Artifact | null> {
    if (artifact.kind !== "image" || !this.#engine.artifacts.has(artifact.tag)) return null;
    const again = { ...artifact, tag: `fake/${labels.appSlug}:${labels.releaseId}` };
    this.#engine.artifacts.set(again.tag, { labels, artifact: again });
    return again;
  }

  async inspect(artifact: Artifact): Promise<{ exists: boolean }> {
    return { exists: this.#engine.artifacts.has(keyOf(artifact)) };
  }

  async remove(artifact: Artifact): Promise<void> {
    await this.#engine.enter("remove artifact", keyOf(artifact));
    const key = keyOf(artifact);
    if (this.#engine.artifacts.get(key)?.labels.owner !== this.#owner) return;
    if ([...this.#engine.instances.values()].some((instance) => keyOf(instance.artifact) === key)) return;
    this.#engine.artifacts.delete(key);
  }

  async listOwned(environmentId: string): Promise<{ releaseId: string; artifact: Artifact }[]> {
    return [...this.#engine.artifacts.values()]
      .filter(({ labels }) => labels.owner === this.#owner && labels.environmentId === environmentId)
      .map(({ labels, artifact }) => ({ releaseId: labels.releaseId, artifact }));
  }

  /** Plays what the tiny app's build script would do. */
  async #runBuildScript(folder: string, { signal, log }: EffectContext): Promise<void> {
    const manifest = await readFile(join(folder, "package.json"), "utf8").catch(() => "{}");
    const script = (JSON.parse(manifest) as { scripts?: { build?: string } }).scripts?.build ?? "";
    if (script.includes("broken")) {
      await log("stderr", "the build broke here");
      throw new DomainError("build_failed", "The build ended with exit code 7.", {
        evidence: ["the build broke here"],
      });
    }
    if (script.includes("slow")) {
      await log("stdout", "building slowly");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
  }
}

class FakeRuntime implements Runtime {
  readonly kind: RuntimeKind;
  readonly #engine: FakeEngine;
  readonly #owner: string;

  constructor(engine: FakeEngine, owner: string, kind: RuntimeKind) {
    this.#engine = engine;
    this.#owner = owner;
    this.kind = kind;
  }

  async start(
    { labels, ordinal, artifact, config, variables }: StartRequest,
    context: EffectContext,
  ): Promise<StartedInstance> {
    const name = `wl-${labels.appSlug}-${labels.environmentSlug}-${labels.releaseId.slice(-12)}-${ordinal}`;
    await this.#engine.enter("start", name);
    throwIfCancelled(context);
    const present = this.#engine.instances.get(name);
    if (present?.server !== undefined) return { name, ordinal, address: present.address };
    const program = config.command?.[0];
    if (program?.startsWith("no-such-")) {
      throw new DomainError("start_failed", `The program "${program}" of the start command does not exist.`);
    }
    const values = Object.entries(variables).map(([key, value]) => [
      key,
      value instanceof Secret ? value.reveal() : value,
    ]);
    const instance: FakeInstance = {
      name,
      labels,
      ordinal,
      artifact,
      variables: Object.fromEntries(values),
      server: undefined,
      address: { host: "127.0.0.1", port: 0 },
      end: undefined,
      lines: [],
    };
    await listen(instance);
    if (context.signal.aborted) await closeServer(instance);
    throwIfCancelled(context);
    this.#engine.instances.set(name, instance);
    await behave(instance);
    return { name, ordinal, address: instance.address };
  }

  async inspect(name: string): Promise<InstanceState> {
    const instance = this.#find(name);
    if (!instance) return { state: "missing" };
    if (instance.end) return { state: "exited", ...instance.end, restarts: 0, willRestart: false };
    return { state: "running", address: instance.address, restarts: 0 };
  }

  async logs(name: string, lines: number): Promise<string[]> {
    return this.#find(name)?.lines.slice(-lines) ?? [];
  }

  async stop(name: string, graceSeconds: number): Promise<void> {
    await this.#engine.enter("stop", name);
    const instance = this.#find(name);
    if (!instance) return;
    if (instance.variables.BEHAVIOUR === "deaf") {
      await new Promise((resolve) => setTimeout(resolve, graceSeconds * 1000));
    }
    await closeServer(instance);
    this.#engine.instances.delete(name);
  }

  async listOwned(environmentId?: string): Promise<OwnedInstance[]> {
    return [...this.#engine.instances.values()]
      .filter(({ labels }) => labels.owner === this.#owner)
      .filter(({ labels }) => environmentId === undefined || labels.environmentId === environmentId)
      .map(({ name, labels, ordinal, server }) => ({ name, labels, ordinal, isRunning: server !== undefined }));
  }

  async removeEnvironment(environmentId: string): Promise<void> {
    await this.#engine.enter("remove environment", environmentId);
  }

  #find(name: string): FakeInstance | undefined {
    const instance = this.#engine.instances.get(name);
    return instance?.labels.owner === this.#owner ? instance : undefined;
  }
}

class FakeExaminer implements Examiner {
  readonly #engine: FakeEngine;
  readonly #owner: string;

  constructor(engine: FakeEngine, owner: string) {
    this.#engine = engine;
    this.#owner = owner;
  }

  /** Plays the tiny app's check.js, the one program it knows. */
  async run(
    name: string,
    [program, script, how = "well"]: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ProgramOutcome> {
    const instance = this.#find(name);
    if (!instance?.server) return { exitCode: null, isTooSlow: false, lines: ["The app was not running."] };
    if (program !== "node" || script !== "check.js")
      return { exitCode: 127, isTooSlow: false, lines: [`no ${program}`] };
    if (how === "hang") {
      const limit = AbortSignal.timeout(timeoutMs);
      await new Promise((resolve) => AbortSignal.any([limit, signal]).addEventListener("abort", resolve));
      return { exitCode: null, isTooSlow: limit.aborted, lines: ["hanging"] };
    }
    return {
      exitCode: how === "broken" ? 4 : 0,
      isTooSlow: false,
      lines: [`check ${instance.variables.VERSION ?? ""}`],
    };
  }

  async examine(name: string): Promise<Examination> {
    const address = this.#find(name)?.server && this.#find(name)?.address;
    return { listeners: address ? [address] : [], memory: null, program: null, imageCheck: null };
  }

  #find(name: string): FakeInstance | undefined {
    const instance = this.#engine.instances.get(name);
    return instance?.labels.owner === this.#owner ? instance : undefined;
  }
}

class FakeOutput implements InstanceOutput {
  readonly #engine: FakeEngine;
  readonly #owner: string;

  constructor(engine: FakeEngine, owner: string) {
    this.#engine = engine;
    this.#owner = owner;
  }

  async *follow(name: string, after: unknown, signal: AbortSignal): AsyncGenerator<OutputBatch, void, undefined> {
    let position = typeof after === "number" ? after : 0;
    const lines = new OutputBuffer();
    while (!signal.aborted) {
      const written = this.#engine.instances.get(name)?.lines.slice(position) ?? [];
      for (const text of written) lines.add(Buffer.from(text), 0, Buffer.byteLength(text), Date.now(), 1);
      position += written.length;
      if (written.length > 0) yield { ...lines.take(), position };
      else if (this.#engine.instances.get(name)?.labels.owner !== this.#owner) return;
      else await delay(5);
    }
  }
}

function fakeInventory(engine: FakeEngine, owner: string, runtime: Runtime): Inventory {
  return {
    async *changes() {
      yield null;
    },
    strangers: async () => [],
    async list() {
      const artifacts = [...engine.artifacts].filter(([, { labels }]) => labels.owner === owner);
      const instances = await runtime.listOwned();
      return [
        ...artifacts.map(([name, { labels }]) => ({
          kind: "image" as const,
          name,
          ...idsOf(labels),
          bytes: 1,
          usedAt: null,
        })),
        ...instances.map(({ name, labels }) => ({
          kind: "instance" as const,
          name,
          ...idsOf(labels),
          bytes: null,
          usedAt: null,
        })),
      ];
    },
    async remove({ kind, name }) {
      if (kind === "instance") await runtime.stop(name, 0);
      else engine.artifacts.delete(name);
    },
  };
}

const idsOf = ({ environmentId, releaseId }: OwnerLabels) => ({ environmentId, releaseId });

/** The contract's harness on the fake. */
export async function makeFakeHarness(): Promise<RuntimeHarness> {
  const engine = new FakeEngine();
  const root = await mkdtemp(join(tmpdir(), "windlass-fake-"));
  return {
    portsFor: (owner) => createFakeRuntime({ owner, engine }),
    createFolder: () => mkdtemp(join(root, "source-")),
    build: { kind: "none" },
    close: async () => {
      await engine.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function throwIfCancelled({ signal }: EffectContext): void {
  if (signal.aborted) throw new DomainError("cancelled", "The deployment was cancelled.");
}

const keyOf = (artifact: Artifact): string => (artifact.kind === "image" ? artifact.tag : artifact.path);

async function listen(instance: FakeInstance): Promise<void> {
  const { variables } = instance;
  const server = createServer((request, response) => {
    if (request.url === "/env") {
      response.end(JSON.stringify({ ...variables, PORT: String(instance.address.port) }));
    } else if (request.url === "/identity") {
      response.end(JSON.stringify({ pid: process.pid, name: instance.name }));
    } else {
      response.end(`ok ${variables.VERSION ?? ""}`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  instance.server = server;
  instance.address = { host: "127.0.0.1", port };
}

async function behave(instance: FakeInstance): Promise<void> {
  const { BEHAVIOUR } = instance.variables;
  if (BEHAVIOUR === "crash") {
    instance.lines.push("about to crash");
    await end(instance, { exitCode: 3, signal: null, outOfMemory: false });
    return;
  }
  instance.lines.push(`listening on ${instance.address.port}`);
  if (BEHAVIOUR === "hog") await end(instance, { exitCode: 137, signal: "SIGKILL", outOfMemory: true });
  if (BEHAVIOUR === "chatty") for (let n = 1; n <= 50; n++) instance.lines.push(`line ${n}`);
}

async function end(instance: FakeInstance, how: FakeInstance["end"]): Promise<void> {
  instance.end = how;
  await closeServer(instance);
}

async function closeServer(instance: FakeInstance): Promise<void> {
  const { server } = instance;
  instance.server = undefined;
  if (!server) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
