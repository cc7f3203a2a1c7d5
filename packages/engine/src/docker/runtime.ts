import { constants } from "node:os";
import { posix } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DomainError, type EnvironmentConfig, failed, Secret, type StartedInstance } from "@windlass/domain";
import type Dockerode from "dockerode";
import { commandNotExecutable, commandNotFound, wrongArchitecture } from "../health/causes.ts";
import { isTakenOver } from "../pipeline/is-taken-over.ts";
import type {
  EffectContext,
  Examination,
  InstanceState,
  OwnedInstance,
  OwnerLabels,
  Runtime,
  StartRequest,
} from "../ports.ts";
import { containerLimits } from "./container-limits.ts";
import { cancelled, engineError, engineMessage, isMissing, statusOf } from "./errors.ts";
import { DEFAULT_PATH, DockerExaminer } from "./examiner.ts";
import { readLogFrames } from "./log-lines.ts";
import { containerName, ORDINAL_LABEL, ownedBy, PORT_LABEL, readLabels, writeLabels } from "./names.ts";
import { type EnvironmentNetwork, ensureNetwork, freeAddress, type NetworkOptions, removeNetwork } from "./network.ts";
import { requireEngine } from "./require-engine.ts";

/** nobody's uid in the distroless images: no file belongs to it and no name is needed. */
const UNPRIVILEGED = "65532:65532";
/** For how long to look again when others are at the same container. The engine holds a name some time before it shows what has it. */
const PATIENCE_MS = 20_000;

export class DockerRuntime implements Runtime {
  readonly kind = "docker";
  readonly #engine: Dockerode;
  readonly #owner: string;
  readonly #network: NetworkOptions;
  readonly #examiner: DockerExaminer;
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: NetworkOptions) {
    this.#engine = options.engine;
    this.#owner = options.owner;
    this.#network = options;
    this.#examiner = new DockerExaminer(options);
  }

  async start(request: StartRequest, context: EffectContext): Promise<StartedInstance> {
    const { labels, ordinal, artifact } = request;
    if (context.signal.aborted) throw cancelled();
    if (artifact.kind !== "image") {
      throw new DomainError("start_failed", "This release was built for the process runtime. Deploy it again.", {
        fault: "platform",
      });
    }
    const name = containerName(labels, ordinal);
    for await (const attempt of attempts()) {
      const [image, present, network] = await Promise.all([
        this.#image(artifact.imageId),
        this.#find(name),
        ensureNetwork(this.#network, labels.environmentId),
      ]);
      const user = chooseUser(image.Config.User ?? "");
      if (present && !this.#isRelease(present, labels)) {
        throw new DomainError(
          "start_failed",
          `A container named ${name} exists that is not this release's. Remove it.`,
          {
            fault: "server",
          },
        );
      }
      // One that crashes is adopted too: the engine is at it, and its log and its count are what the health gate needs.
      if (present && (isUp(present) || present.State.Restarting)) return { name, ordinal, address: addressOf(present) };
      const isStartable = present?.State.Status === "created" || present?.State.Status === "exited";
      if (present && !isStartable) await this.#remove(name);
      if (context.signal.aborted) throw cancelled();
      const create = () => this.#create(request, artifact.imageId, name, network, user, attempt);
      const isMade = isStartable || (await this.#inTurn(network.name, create));
      if (!isMade) continue;
      const started = await this.#run(name, request, image, context);
      if (!started) continue;
      if (user !== undefined) {
        await context.log(
          "system",
          `The image would run as root; it runs as the unprivileged user ${UNPRIVILEGED} instead.`,
        );
      }
      return started;
    }
    throw new DomainError(
      "start_failed",
      `The container ${name} could not be made: others kept changing it. Try again.`,
      {
        fault: "server",
        retryable: true,
      },
    );
  }

  async inspect(name: string): Promise<InstanceState> {
    const details = await this.#findOwned(name);
    if (!details) return { state: "missing" };
    const { RestartCount: restarts, State } = details;
    if (isUp(details)) return { state: "running", address: addressOf(details), restarts };
    await requireEngine(this.#engine, `looking at ${name}`);
    const hasRun = State.Status !== "created";
    return {
      state: "exited",
      exitCode: hasRun ? State.ExitCode : null,
      signal: hasRun ? signalOf(State.ExitCode) : null,
      outOfMemory: State.OOMKilled,
      restarts,
      willRestart: State.Restarting,
    };
  }

  async logs(name: string, lines: number): Promise<string[]> {
    if (!(await this.#findOwned(name))) return [];
    try {
      const log = await this.#engine.getContainer(name).logs({ stdout: true, stderr: true, tail: lines });
      return readLogFrames(log).slice(-lines);
    } catch (error) {
      if (isMissing(error)) return [];
      throw engineError(error, "runtime_unavailable", `reading the log of ${name}`);
    }
  }

  async stop(name: string, graceSeconds: number): Promise<void> {
    if (!(await this.#findOwned(name))) return;
    try {
      await this.#engine.getContainer(name).stop({ t: Math.ceil(graceSeconds) });
    } catch (error) {
      // What the engine refuses (304: it is not running) is settled by the removal below; no answer is not.
      if (statusOf(error) === undefined) throw engineError(error, "runtime_unavailable", `stopping ${name}`);
    }
    await this.#remove(name);
  }

  async listOwned(environmentId?: string): Promise<OwnedInstance[]> {
    try {
      const found = await this.#engine.listContainers({ all: true, filters: ownedBy(this.#owner, environmentId) });
      return found.flatMap(({ Names, Labels, State }) => {
        const labels = readLabels(Labels);
        const name = Names[0]?.replace(/^\//, "");
        if (labels === undefined || name === undefined) return [];
        const ordinal = Number(Labels[ORDINAL_LABEL] ?? 1);
        return [{ name, labels, ordinal, isRunning: State === "running" || State === "restarting" }];
      });
    } catch (error) {
      throw engineError(error, "runtime_unavailable", "listing the running instances");
    }
  }

  removeEnvironment(environmentId: string): Promise<void> {
    return removeNetwork(this.#network, environmentId);
  }

  async #image(imageId: string): Promise<Dockerode.ImageInspectInfo> {
    try {
      return await this.#engine.getImage(imageId).inspect();
    } catch (error) {
      if (!isMissing(error)) throw engineError(error, "runtime_unavailable", "looking at the release's image");
      throw new DomainError(
        "image_unavailable",
        "The release's image is no longer on the server. Deploy its commit again to build it anew.",
        { fault: "server", evidence: [imageId], cause: error },
      );
    }
  }

  /** One at a time for each network: an address that was chosen is taken only once its container is made. */
  #inTurn<T>(network: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(network) ?? Promise.resolve()).then(work);
    const ended = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(network, ended);
    void ended.then(() => this.#turns.get(network) === ended && this.#turns.delete(network));
    return turn;
  }

  /** False when the name was taken meanwhile or the network vanished: look again. */
  async #create(
    { labels, ordinal, config, variables }: StartRequest,
    imageId: string,
    name: string,
    network: EnvironmentNetwork,
    user: string | undefined,
    attempt: number,
  ): Promise<boolean> {
    try {
      const taken = await this.#takenAddresses(network.name);
      const address = freeAddress(network, taken, attempt);
      if (address === undefined) {
        throw new DomainError(
          "start_failed",
          `The environment's network is full: ${taken.size} instances are there already. Run fewer, or let old releases stop first.`,
          { fault: "server", retryable: true },
        );
      }
      await this.#engine.createContainer({
        name,
        Image: imageId,
        // An entry point stays: in official images it prepares and then runs the command it is given.
        ...(config.command ? { Cmd: config.command } : {}),
        ...(user !== undefined ? { User: user } : {}),
        Env: environmentOf(config, variables, user !== undefined),
        Labels: { ...writeLabels(labels), [PORT_LABEL]: String(config.port), [ORDINAL_LABEL]: String(ordinal) },
        HostConfig: {
          ...(await containerLimits(this.#engine, config)),
          NetworkMode: network.name,
          // A live app comes back when it crashes and when the machine does. A bounded count would never be reset and end
          // it for good one day; crash loops of a new release are the health gate's to see, through `restarts`.
          // Nor "unless-stopped": an engine that was killed ends what it finds running when it starts, and calls that stopped.
          RestartPolicy: { Name: "always" },
        },
        NetworkingConfig: { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: address } } } },
      });
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      if (isMissing(error) && /network/i.test(engineMessage(error))) return false;
      throw engineError(error, "start_failed", `creating the container ${name}`);
    }
  }

  /**
   * Rejects when the start command's program is not in the image. The engine would not tell: its init, which every
   * container has, starts well and ends at once with 127.
   */
  async #requireProgram(
    name: string,
    { config, variables }: StartRequest,
    image: Dockerode.ImageInspectInfo,
  ): Promise<void> {
    const program = config.command?.[0];
    if (program === undefined || (image.Config.Entrypoint ?? []).length > 0) return;
    const pathOfImage = image.Config.Env?.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
    const path = reveal(variables.PATH ?? pathOfImage ?? DEFAULT_PATH);
    const places = program.includes("/")
      ? [posix.resolve("/", image.Config.WorkingDir ?? "", program)]
      : path.split(":").map((folder) => posix.join(folder, program));
    for (const place of places) {
      try {
        const answer: NodeJS.ReadableStream = await this.#engine.getContainer(name).infoArchive({ path: place });
        answer.resume();
        return;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    throw new Error(`exec: "${program}": executable file not found in ${places.join(", ")}`);
  }

  /** Starts the created container; what does not start, or was cancelled, is removed. False when its address was taken meanwhile. */
  async #run(
    name: string,
    request: StartRequest,
    image: Dockerode.ImageInspectInfo,
    context: EffectContext,
  ): Promise<StartedInstance | false> {
    try {
      await this.#requireProgram(name, request, image);
      if (context.signal.aborted) throw cancelled();
      await this.#start(name);
      if (context.signal.aborted) throw cancelled();
      const details = await this.#find(name);
      if (!details) return false;
      if (!isUp(details) && (details.State.ExitCode === 126 || details.State.ExitCode === 127)) {
        const said = await this.logs(name, 5);
        throw new Error(`exit status ${details.State.ExitCode}: ${said.join(" ")}`);
      }
      return { name, ordinal: request.ordinal, address: addressOf(details) };
    } catch (error) {
      if (isTakenOver(context.signal)) throw error;
      const { program } = await this.#examiner.examine(name);
      await this.#remove(name).catch(() => {});
      if (/address already in use|no available ipv4/i.test(engineMessage(error))) return false;
      throw startError(error, name, request.config, program);
    }
  }

  async #start(name: string): Promise<void> {
    try {
      await this.#engine.getContainer(name).start();
    } catch (error) {
      // 304: it runs already.
      if (statusOf(error) !== 304) throw error;
    }
  }

  async #takenAddresses(network: string): Promise<Set<string>> {
    const containers = await this.#engine.listContainers({ all: true, filters: { network: [network] } });
    const ends = containers.map(({ NetworkSettings }) => NetworkSettings.Networks[network]);
    return new Set(
      ends.flatMap((end) => [end?.IPAddress, end?.IPAMConfig?.IPv4Address]).filter((ip) => ip !== undefined),
    );
  }

  async #find(name: string): Promise<Dockerode.ContainerInspectInfo | undefined> {
    try {
      return await this.#engine.getContainer(name).inspect();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw engineError(error, "runtime_unavailable", `looking at ${name}`);
    }
  }

  async #findOwned(name: string): Promise<Dockerode.ContainerInspectInfo | undefined> {
    const details = await this.#find(name);
    return readLabels(details?.Config.Labels)?.owner === this.#owner ? details : undefined;
  }

  #isRelease(details: Dockerode.ContainerInspectInfo, { releaseId }: OwnerLabels): boolean {
    const labels = readLabels(details.Config.Labels);
    return labels?.owner === this.#owner && labels.releaseId === releaseId;
  }

  /** Removes by force, with anonymous volumes, and returns only when the engine no longer knows the name. */
  async #remove(name: string): Promise<void> {
    const container = this.#engine.getContainer(name);
    for await (const _ of attempts()) {
      try {
        await container.remove({ force: true, v: true });
      } catch (error) {
        if (isMissing(error)) return;
        // 409: somebody else is removing it; wait with them.
        if (statusOf(error) !== 409) throw engineError(error, "runtime_unavailable", `removing ${name}`);
        await container.wait({ condition: "removed" }).catch(() => {});
      }
      if (!(await this.#find(name))) return;
    }
    throw new DomainError(
      "runtime_unavailable",
      `The container ${name} could not be removed. Look at the server's Docker log.`,
      {
        fault: "server",
        retryable: true,
      },
    );
  }
}

/** Counts from 0, with growing pauses, until patience ends. */
async function* attempts(): AsyncGenerator<number> {
  const end = Date.now() + PATIENCE_MS;
  for (let attempt = 0; Date.now() < end; attempt++) {
    yield attempt;
    await delay(Math.min(10 * 2 ** attempt, 500));
  }
}

/** Restarting counts as down: the engine says `Running` of it too. */
const isUp = ({ State }: Dockerode.ContainerInspectInfo): boolean =>
  State.Status === "running" || State.Status === "paused";

function addressOf({ NetworkSettings, Config }: Dockerode.ContainerInspectInfo): { host: string; port: number } {
  const end = Object.values(NetworkSettings.Networks)[0];
  // The address is given, so it is known also while the container is down.
  return { host: end?.IPAMConfig?.IPv4Address ?? end?.IPAddress ?? "", port: Number(Config.Labels[PORT_LABEL]) };
}

/**
 * Which user to force, if any. An image that names a user keeps it, unless that is root. An image that names none would
 * run as root; it gets an unprivileged one, so an app can write only where everyone can. The user's name is the image's
 * own: one that is called otherwise and still has uid 0 is not noticed, but has no capabilities either.
 */
export function chooseUser(imageUser: string): string | undefined {
  const [user = ""] = imageUser.split(":");
  const isRoot = user === "" || user === "root" || /^0+$/.test(user);
  return isRoot ? UNPRIVILEGED : undefined;
}

export function environmentOf(
  { port }: EnvironmentConfig,
  variables: Record<string, Secret | string>,
  isUserForced: boolean,
): string[] {
  const values = Object.entries(variables).map(([key, value]) => `${key}=${reveal(value)}`);
  // A user without an entry in the image's passwd has / as its home, where it cannot write and npm for one must.
  const home = isUserForced && variables.HOME === undefined ? ["HOME=/tmp"] : [];
  return [...home, ...values, `PORT=${port}`];
}

const reveal = (value: Secret | string): string => (value instanceof Secret ? value.reveal() : value);

/** 128 + n is how an init or a shell tells of signal n. */
function signalOf(exitCode: number): string | null {
  const number = exitCode - 128;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null;
}

/** What did not start, in words; `program` is what was found of the program that it starts with. */
function startError(
  error: unknown,
  name: string,
  { command }: EnvironmentConfig,
  program: Examination["program"],
): DomainError {
  const message = engineMessage(error);
  const isNotFound = /executable file not found|no such file or directory|exit status 127/i.test(message);
  const isNotAllowed = /permission denied|exec format error|exit status 126/i.test(message);
  if (!isNotFound && !isNotAllowed) return engineError(error, "start_failed", `starting the container ${name}`);
  const shown = command?.[0] ?? program?.path ?? "";
  const detail = { evidence: [message], cause: error };
  if (program?.machine && program.machine !== program.serverMachine) {
    return failed("start_failed", wrongArchitecture(program.path, program.machine, program.serverMachine), detail);
  }
  const cause = isNotFound
    ? commandNotFound(shown, command !== undefined, "in the image")
    : commandNotExecutable(shown);
  return failed("start_failed", cause, detail);
}
