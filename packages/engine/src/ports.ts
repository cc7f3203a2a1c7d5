import type {
  Address,
  ApplyCommand,
  AppSource,
  Artifact,
  BuildConfig,
  CommitSummary,
  DeploymentPlan,
  DiskSpace,
  DomainError,
  DrainCommand,
  DrainResult,
  EnvironmentConfig,
  GitRef,
  HoldCommand,
  ImageRef,
  LogStream,
  RemoveCommand,
  RouterTable,
  RuntimeKind,
  Secret,
  StartedInstance,
  SwitchCommand,
  SwitchProof,
  SwitchResult,
  TableQuery,
} from "@windlass/domain";
import type { OutputLines } from "./log/output-buffer.ts";

// What the engine needs from the world, in domain words. Which adapter serves is decided once, where the worker wires
// things. Every method rejects with a DomainError whose message a user can read; foreign errors are translated once, in
// the adapter. Every long method ends within a second of `signal` and leaves nothing running behind it.

/** Given to each effect: where its output goes, and when to stop. */
export interface EffectContext {
  signal: AbortSignal;
  /** Takes one line (without line break) of the deployment's log. Await it: that is the back-pressure. */
  log: (stream: LogStream, text: string) => Promise<void> | void;
}

/** A source with what is needed to read it. */
export interface SourceAccess {
  source: AppSource;
  repositoryToken: Secret | null;
  deployKey: Secret | null;
  /** known_hosts lines that a person confirmed */
  sshHostKeys: readonly string[];
}

/** A source pinned to something that cannot move. */
export type ResolvedSource =
  | {
      kind: "git";
      commit: CommitSummary;
      /** Names what the folder that was asked about holds, the same for every commit that has the same there; null when there is no such folder */
      tree: string | null;
    }
  | { kind: "image"; image: ImageRef; imageId: string | null };

export interface SourceFiles {
  /** Path relative to the repository's root → contents, for those of the asked paths that are files */
  files: Record<string, string>;
  /** Names at the root of `context`, directories with a slash at the end */
  entries: string[];
}

export interface SourceRepository {
  /** Branch, tag or commit → commit, and what it has in `folder`, the whole unless said. Rejects with ref_not_found, source_denied, source_unreachable, source_refused, host_key_unknown. */
  resolve(access: SourceAccess, ref: GitRef | "", context: EffectContext, folder?: string): Promise<ResolvedSource>;
  /** Writes the commit's files into `folder`, which is empty and exists. No .git, no link that leads out of it. */
  fetch(access: SourceAccess, commit: string, folder: string, context: EffectContext): Promise<void>;
  /** Commits after `from` up to `to`, newest first, at most `limit`; `omitted` counts the rest. `isBackwards` when `from` is not an ancestor of `to`. */
  history(
    access: SourceAccess,
    from: string,
    to: string,
    limit: number,
    context: EffectContext,
  ): Promise<{ commits: CommitSummary[]; omitted: number; isBackwards: boolean }>;
  /** Names of branches, and the default one. Touches nothing on disk that outlives the call. */
  branches(access: SourceAccess, context: EffectContext): Promise<{ branches: string[]; defaultBranch: string | null }>;
  /** Removes what was kept of it to fetch less the next time. */
  forget(access: SourceAccess): Promise<void>;
  /** Reads some small files of a commit without writing a work tree. */
  read(
    access: SourceAccess,
    commit: string,
    contextPath: string,
    paths: string[],
    context: EffectContext,
  ): Promise<SourceFiles>;
}

/** On everything that Windlass makes, so that it can account for it and touches nothing else. */
export interface OwnerLabels {
  /** Which Windlass made it: instances that share an engine do not see each other's things */
  owner: string;
  teamId: string;
  appId: string;
  appSlug: string;
  environmentId: string;
  environmentSlug: string;
  deploymentId: string;
  releaseId: string;
}

export interface BuildRequest {
  labels: OwnerLabels;
  build: BuildConfig;
  /** Folder with the fetched source; null when the source is an image */
  sourceFolder: string | null;
  image: ImageRef | null;
  command: string[] | undefined;
  /** Runs every command again, whatever earlier builds left */
  isFromStart: boolean;
}

export interface ImageBuilder {
  /** Builds or, for an image source, pulls. Safe to run twice for one release id. Rejects with build_failed, image_unavailable. */
  build(request: BuildRequest, context: EffectContext): Promise<Artifact>;
  /** Another release's artifact for this one too, without a build; null where each release needs its own, or it is gone. */
  reuse(artifact: Artifact, labels: OwnerLabels): Promise<Artifact | null>;
  /** Whether the artifact is still there to be started. */
  inspect(artifact: Artifact): Promise<{ exists: boolean }>;
  /** Removes it; gone already is fine. Never removes what another release uses. */
  remove(artifact: Artifact): Promise<void>;
  /** Release ids of the artifacts that this owner has for an environment. */
  listOwned(environmentId: string): Promise<{ releaseId: string; artifact: Artifact }[]>;
}

export interface StartRequest {
  labels: OwnerLabels;
  /** Which of the release's instances, from 1 */
  ordinal: number;
  artifact: Artifact;
  config: EnvironmentConfig;
  variables: Record<string, Secret | string>;
}

export type InstanceState =
  | { state: "running"; address: Address; restarts: number }
  | {
      state: "exited";
      exitCode: number | null;
      signal: string | null;
      outOfMemory: boolean;
      restarts: number;
      /** The runtime starts it again by itself */
      willRestart: boolean;
    }
  | { state: "missing" };

export interface OwnedInstance {
  name: string;
  labels: OwnerLabels;
  ordinal: number;
  isRunning: boolean;
}

export interface Runtime {
  readonly kind: RuntimeKind;
  /** Starts an instance of the release, or adopts it when it runs already: its name follows from release id and ordinal. Rejects with start_failed. */
  start(request: StartRequest, context: EffectContext): Promise<StartedInstance>;
  inspect(name: string): Promise<InstanceState>;
  /** The last lines of its output, oldest first. */
  logs(name: string, lines: number): Promise<string[]>;
  /** SIGTERM, after `graceSeconds` SIGKILL, for the whole process group or container; resolves when it is confirmed gone and its own traces are removed. Missing is fine. */
  stop(name: string, graceSeconds: number): Promise<void>;
  /** Everything of this owner, of one environment when given. */
  listOwned(environmentId?: string): Promise<OwnedInstance[]>;
  /** Removes what an environment has beside instances (its network); only when it has no instance left. */
  removeEnvironment(environmentId: string): Promise<void>;
}

/** An address that something in an instance listens on. */
export interface Listener {
  host: string;
  port: number;
}

/** What a look into an instance shows; null for what cannot be seen from here. */
export interface Examination {
  listeners: Listener[] | null;
  /** What it may take, and the most that it took so far */
  memory: { limitBytes: number | null; peakBytes: number | null } | null;
  /** The program it starts with, and which processors it and the server are */
  program: { path: string; exists: boolean; machine: string | null; serverMachine: string } | null;
  /** The HEALTHCHECK of its image, as argv */
  imageCheck: string[] | null;
}

export interface ProgramOutcome {
  /** Null when it was ended because it took too long, or by a signal */
  exitCode: number | null;
  isTooSlow: boolean;
  /** Its last lines, oldest first */
  lines: string[];
}

/** Looks into instances: for checks that run inside, and to find out why one does not become healthy. */
export interface Examiner {
  /** Runs a program in the instance, as the app: its folder, account and environment. Rejects with runtime_unavailable only when that cannot be tried at all. */
  run(name: string, argv: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<ProgramOutcome>;
  /** Never rejects: what cannot be seen is null. */
  examine(name: string): Promise<Examination>;
}

/** Lines of an instance's output, and where to go on after them. */
export interface OutputBatch extends OutputLines {
  /** Can be stored as JSON; only the adapter that gave it understands it */
  position: unknown;
}

export interface InstanceOutput {
  /**
   * What the instance writes, after a position or from the start, until it is gone; through its own restarts and those
   * of the engine. Each line once, in order; where some could not be read a line of stream `system` says so. The source
   * is slowed down, or lags, while the reader is busy.
   */
  follow(name: string, after: unknown, signal: AbortSignal): AsyncIterable<OutputBatch>;
}

export interface Router {
  /** Where requests enter, for probes through it. */
  readonly entry: Address;
  apply(command: ApplyCommand): Promise<void>;
  /** Maintenance, pause, or neither: stays until the next one, whatever is switched beneath it. */
  hold(command: HoldCommand): Promise<void>;
  switch(command: SwitchCommand): Promise<SwitchResult>;
  /** Rejects when `signal` aborts; the drain itself then goes on in the router. */
  drain(command: DrainCommand, signal: AbortSignal): Promise<DrainResult>;
  remove(command: RemoveCommand): Promise<void>;
  /** What it serves, holds and has counted. */
  table(query?: TableQuery): Promise<RouterTable>;
}

export interface CommandRequest extends Omit<StartRequest, "ordinal"> {
  /** Which of the deployment's commands this is: a part of the instance's name */
  purpose: "release" | "post-deploy";
  argv: string[];
  timeoutMs: number;
}

/** Commands that run to their end in an instance of their own of a release, with its variables, limits and network. */
export interface CommandRunner {
  /**
   * Runs it and gives its output to the log. One that a worker before began is waited for where that is possible, and
   * ended and run again, which is told, where not. What is left of it, for those who come after a crash, `remove` takes
   * away. When cancelled or out of time it is ended, confirmed. Rejects with command_failed.
   */
  run(request: CommandRequest, context: EffectContext): Promise<void>;
  /** Ends and removes what the commands of a release left; none is fine. */
  remove(labels: OwnerLabels): Promise<void>;
}

/** A thing that Windlass made, and that stays until someone removes it. */
export interface OwnedThing {
  /**
   * `layer`: what builds leave for the next ones; `mirror` and `source`: of a repository, and of one commit; `build`: what
   * one that was cut off left
   */
  kind: "instance" | "image" | "folder" | "network" | "cache" | "layer" | "mirror" | "source" | "build";
  /** A name, tag or path */
  name: string;
  /** Null where the thing does not tell */
  environmentId: string | null;
  /** Of a release, or the deployment that was to make it */
  releaseId: string | null;
  /** What goes with it, when what is newer stays; null where it was not measured, or is next to nothing */
  bytes: number | null;
  /** When it was last used, or made; null where it does not tell */
  usedAt: Date | null;
}

/** A place with things of one owner. */
export interface Store {
  /** Everything of this owner; sizes have to be measured, which takes its time. */
  list(how?: { isMeasured: boolean }): Promise<OwnedThing[]>;
  /** Removes one of those; what runs of it is stopped. Gone already is fine, and what something still uses stays. */
  remove(thing: OwnedThing): Promise<void>;
}

/** What is on a machine: for setting right what changed behind our back, and for clean-up. */
export interface Inventory extends Store {
  /** An environment's id when something of it may have changed; null when anything may have, which is so at first. Ends when the connection is lost or `signal` aborts. */
  changes(signal: AbortSignal): AsyncIterable<string | null>;
  /** Others' containers on an environment's network, by name. */
  strangers(environmentId: string): Promise<string[]>;
}

/** The adapters of one runtime kind belong together: what one builds the other starts. */
export interface RuntimePorts {
  builder: ImageBuilder;
  runtime: Runtime;
  examiner: Examiner;
  commands: CommandRunner;
  output: InstanceOutput;
  inventory: Inventory;
}

/**
 * The books of one deployment. Only `step` writes them, under the lease: a worker that lost it gets lease_lost. Successes
 * and beginnings may be stored while the deployment goes on, in their order; the ports' effects wait for that.
 */
export interface Journal {
  /** Opens a step, or says how it ended before, when another run of the same deployment did it already. */
  openStep(name: string): Promise<OpenedStep>;
  closeStep(name: string, outcome: StepOutcome): Promise<void>;
  /** Resolves when all of it is stored. */
  settle(): Promise<void>;
  /** One line, redacted before it is stored. Resolves later when lines come faster than they can be stored. */
  log(step: string, stream: LogStream, text: string): Promise<void> | void;
}

export type OpenedStep =
  | { state: "open" }
  | { state: "succeeded"; result: unknown }
  | { state: "failed"; error: DomainError };

export type StepOutcome =
  | { status: "succeeded"; result: unknown }
  | { status: "failed" | "cancelled"; error: DomainError };

/** What becomes known on the way and belongs to the deployment's page. */
export interface DeploymentFacts {
  commit?: CommitSummary;
  plan?: DeploymentPlan;
  proof?: SwitchProof;
}

export interface KeptRelease {
  releaseId: string;
  artifact: Artifact;
}

/** The releases of the environment, as the database keeps them. Written under the lease. */
export interface ReleaseHistory {
  /** The newest kept release that was built from the same, by its artifact's `builtFrom`. */
  findBuilt(builtFrom: string): Promise<{ number: number; artifact: Artifact } | null>;
  /**
   * Makes the release live with these instances, and those before it retiring: the point of no return. Resolves with the
   * releases that are past the kept count or age from then on; none that is live, warm or wanted by a rollback. Safe to run
   * twice.
   */
  commit(made: { artifact: Artifact; instances: StartedInstance[] }): Promise<KeptRelease[]>;
  /**
   * Lets instances that no longer serve run on for a rollback, in place of those that did so before; tells until when.
   * Null when nothing is kept warm: they are to be stopped.
   */
  keepWarm(instanceNames: string[]): Promise<Date | null>;
  /** Names of the environment's instances that run on warm. */
  warm(): Promise<string[]>;
  /** Notes that the environment is stopped, and every instance retiring: the point of no return of a stop. */
  stop(): Promise<void>;
  /** Notes that an instance was stopped and confirmed gone. */
  retired(instanceName: string): Promise<void>;
  /** Notes that a release's artifact goes, so that no rollback to it is begun any more; false when one was, and it stays. */
  forget(releaseId: string): Promise<boolean>;
}

/** The disks of the machine that a deployment writes to. */
export interface Disks {
  /** Each once; one that cannot be seen from here is left out. */
  measure(): Promise<DiskSpace[]>;
  /** Removes what nobody needs any more, and tells it in the log. */
  makeRoom(context: EffectContext): Promise<void>;
  /** What Windlass itself has there, in words with their sizes; the biggest first. */
  describeHeld(): Promise<string[]>;
}

/** A folder for each deployment's source. */
export interface Workspace {
  /** Makes an empty one; safe to run twice. */
  create(deploymentId: string): Promise<string>;
  remove(deploymentId: string): Promise<void>;
  /** Deployments that have one. */
  list(): Promise<string[]>;
}

export interface EnginePorts {
  history: ReleaseHistory;
  /** Notes what became known for the deployment's page */
  record: (facts: DeploymentFacts) => void;
  source: SourceRepository;
  builder: ImageBuilder;
  runtime: Runtime;
  examiner: Examiner;
  commands: CommandRunner;
  /** The adapters of every runtime that the environment has, or once had, something in */
  everywhere: Pick<RuntimePorts, "builder" | "runtime">[];
  router: Router;
  workspace: Pick<Workspace, "create" | "remove">;
  disks: Disks;
}
