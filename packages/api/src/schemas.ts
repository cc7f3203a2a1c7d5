import {
  BakeFigures,
  BakeState,
  CleanUpOutcome,
  ConfigChange,
  DeploymentEnd,
  DeploymentKind,
  DeploymentPlan,
  DeploymentStatus,
  EnvironmentConfig,
  FindingKind,
  FindingState,
  LogBudget,
  LogLine,
  Role,
  RuntimeKind,
  RuntimeLogLine,
  StepStatus,
  StoragePicture,
  SwitchProof,
  TrafficHold,
  Waiting,
} from "@windlass/domain";
import { z } from "zod";

// What the procedures answer with. Times are Dates (superjson carries them); ids are UUIDs that sort by time.

export const TeamSummary = z.object({ id: z.string(), slug: z.string(), name: z.string(), role: Role });

export const Me = z.object({
  user: z.object({
    id: z.string(),
    name: z.string(),
    email: z.string(),
    isAdministrator: z.boolean(),
    mustChangePassword: z.boolean(),
  }),
  teams: z.array(TeamSummary),
});
export type Me = z.infer<typeof Me>;

export const CommitOut = z.object({
  sha: z.string(),
  message: z.string(),
  author: z.string(),
  committedAt: z.date().nullable(),
});

/** One row of any list of deployments. */
export const DeploymentSummary = z.object({
  id: z.string(),
  number: z.int(),
  appId: z.string(),
  appName: z.string(),
  environmentId: z.string(),
  environmentName: z.string(),
  kind: DeploymentKind,
  status: DeploymentStatus,
  end: DeploymentEnd.nullable(),
  ref: z.string(),
  /** How many were asked for, by a scale */
  instances: z.int().nullable(),
  commit: CommitOut.nullable(),
  trigger: z.string(),
  actorName: z.string(),
  releaseId: z.string().nullable(),
  isLive: z.boolean(),
  /** Requests that its switch lost, users' and our own probes */
  lostRequests: z.int(),
  cancelRequestedAt: z.date().nullable(),
  /** Where it stands in which line and why, while it waits */
  waiting: Waiting.nullable(),
  /** The step that runs now, and how many of the expected are done */
  currentStep: z.string().nullable(),
  stepsDone: z.int(),
  stepsExpected: z.int(),
  queuedAt: z.date(),
  startedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
});
export type DeploymentSummary = z.infer<typeof DeploymentSummary>;

export const StepOut = z.object({
  name: z.string(),
  position: z.int(),
  status: StepStatus,
  attempt: z.int(),
  error: z.string().nullable(),
  startedAt: z.date(),
  endedAt: z.date().nullable(),
  /** How long it took in earlier successful deployments of this environment; null when none is known */
  estimateMs: z.number().nullable(),
});

/** The watch over a new release after its switch. */
export const BakeOut = z.object({
  state: BakeState,
  reason: z.string(),
  startedAt: z.date(),
  endsAt: z.date(),
  endedAt: z.date().nullable(),
  /** What the router counted of the release before, and of this one lately */
  before: BakeFigures.nullable(),
  now: BakeFigures.nullable(),
  restarts: z.int(),
  lastProbe: z.string(),
  /** The rollback that brought the release before back */
  revertId: z.string().nullable(),
});
export type BakeOut = z.infer<typeof BakeOut>;

export const DeploymentDetail = DeploymentSummary.extend({
  teamId: z.string(),
  steps: z.array(StepOut),
  /** Names of the steps that are still to come, in order, while it has not ended */
  stepsToCome: z.array(z.object({ name: z.string(), estimateMs: z.number().nullable() })),
  /** Of the whole; null when a step is not known yet */
  estimateMs: z.number().nullable(),
  /** How many earlier ones of its kind the estimate is taken from */
  estimatedFrom: z.int(),
  plan: DeploymentPlan.nullable(),
  proof: SwitchProof.nullable(),
  bake: BakeOut.nullable(),
  /** For a rollback that the watch over a release asked for: whose watch, and why */
  revertOf: z.object({ deploymentId: z.string(), number: z.int(), reason: z.string() }).nullable(),
  warnings: z.array(z.string()),
  url: z.string().nullable(),
  /** The release it made is kept and could be brought back */
  canRollBackToThis: z.boolean(),
  canCancel: z.boolean(),
  canRedeploy: z.boolean(),
  /** It ended because the live release contains its commit; it may be deployed all the same, on purpose */
  canDeployOlder: z.boolean(),
});
export type DeploymentDetail = z.infer<typeof DeploymentDetail>;

export const ReleaseOut = z.object({
  id: z.string(),
  number: z.int(),
  runtime: RuntimeKind,
  commit: CommitOut.nullable(),
  origin: z.string(),
  createdAt: z.date(),
  isLive: z.boolean(),
  /** It runs on out of the traffic until then: a rollback to it needs no start */
  warmUntil: z.date().nullable(),
  /** The deployment that made it */
  deploymentId: z.string().nullable(),
  deployedBy: z.string().nullable(),
});
export type ReleaseOut = z.infer<typeof ReleaseOut>;

/** What an environment is doing, in one word for a badge. */
export const EnvironmentState = z.enum(["empty", "live", "deploying", "failed", "stopped", "deleting"]);
export type EnvironmentState = z.infer<typeof EnvironmentState>;

/** Maintenance or a pause, with who wanted it. */
export const HoldOut = z.object({
  hold: TrafficHold,
  heldAt: z.date(),
  heldBy: z.string(),
});

export const EnvironmentSummary = z.object({
  id: z.string(),
  appId: z.string(),
  slug: z.string(),
  name: z.string(),
  branch: z.string(),
  runtime: RuntimeKind,
  state: EnvironmentState,
  url: z.string().nullable(),
  /** Since when nothing of it runs, because somebody stopped it */
  stopped: z.object({ at: z.date(), by: z.string() }).nullable(),
  instances: z.object({ running: z.int(), wanted: z.int() }),
  release: ReleaseOut.nullable(),
  /** What holds its requests back, when something does */
  hold: HoldOut.nullable(),
  /** A hold, or its end, that the router does not have yet */
  isHoldWaiting: z.boolean(),
  lastDeployment: DeploymentSummary.nullable(),
});
export type EnvironmentSummary = z.infer<typeof EnvironmentSummary>;

export const VariableOut = z.object({
  key: z.string(),
  isSecret: z.boolean(),
  /** null for a secret: it is never given out again */
  value: z.string().nullable(),
  updatedAt: z.date(),
});

/** Something was not as it should be, and what was done about it. */
export const FindingOut = z.object({
  id: z.string(),
  environmentId: z.string(),
  environmentName: z.string(),
  appId: z.string(),
  appName: z.string(),
  kind: FindingKind,
  subject: z.string(),
  state: FindingState,
  seen: z.string(),
  outcome: z.string(),
  evidence: z.array(z.string()),
  tries: z.int(),
  foundAt: z.date(),
  endedAt: z.date().nullable(),
});
export type FindingOut = z.infer<typeof FindingOut>;

export const EnvironmentDetail = EnvironmentSummary.extend({
  config: EnvironmentConfig,
  variables: z.array(VariableOut),
  hosts: z.array(z.string()),
  /** Kept releases, newest first */
  releases: z.array(ReleaseOut),
  /** The newest 50, newest first */
  deployments: z.array(DeploymentSummary),
  running: z.array(z.object({ name: z.string(), status: z.string(), startedAt: z.date() })),
  /** Settings or variables changed since the live release was made: the next deployment applies them */
  hasUnappliedChanges: z.boolean(),
  /** What was found amiss: all that lasts, and the newest that is over, newest first */
  findings: z.array(FindingOut),
});
export type EnvironmentDetail = z.infer<typeof EnvironmentDetail>;

export const SourceOut = z.object({
  kind: z.enum(["git", "image"]),
  /** The repository's address or the image's name, without credentials */
  location: z.string(),
  hasRepositoryToken: z.boolean(),
  deployKeyPublic: z.string().nullable(),
});

export const AppSummary = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  source: SourceOut,
  environments: z.array(EnvironmentSummary),
  createdAt: z.date(),
});
export type AppSummary = z.infer<typeof AppSummary>;

export const AppDetail = AppSummary.extend({ teamId: z.string() });
export type AppDetail = z.infer<typeof AppDetail>;

/** Which runtimes a worker offers now; empty `workers` means that no worker has reported lately. */
export const RuntimesOut = z.object({
  workers: z.int(),
  docker: z.object({ available: z.boolean(), note: z.string() }),
  process: z.object({ available: z.boolean(), note: z.string() }),
  default: RuntimeKind,
});
export type RuntimesOut = z.infer<typeof RuntimesOut>;

export const Overview = z.object({
  /** Environments whose newest deployment failed */
  attention: z.array(DeploymentSummary),
  /** What Windlass could not set right by itself */
  findings: z.array(FindingOut),
  /** Queued and running */
  active: z.array(DeploymentSummary),
  apps: z.array(AppSummary),
  recent: z.array(DeploymentSummary),
  runtimes: RuntimesOut,
  nextStep: z
    .object({ kind: z.enum(["create_app", "deploy", "fix", "none"]), text: z.string(), href: z.string().nullable() })
    .nullable(),
});
export type Overview = z.infer<typeof Overview>;

export const LogBatch = z.object({
  lines: z.array(LogLine),
  /** Highest sequence number in the log when it was read */
  lastSeq: z.int(),
  /** The deployment has ended and this batch is the last */
  isComplete: z.boolean(),
});
export type LogBatch = z.infer<typeof LogBatch>;

export const RollbackPlan = z.object({
  from: ReleaseOut.nullable(),
  to: ReleaseOut,
  config: z.array(ConfigChange),
  variables: z.object({ added: z.array(z.string()), changed: z.array(z.string()), removed: z.array(z.string()) }),
  /** What no longer runs afterwards, newest first, at most 50; or what runs again, when the release is newer than the live one */
  commits: z.object({ direction: z.enum(["go away", "come back"]), list: z.array(CommitOut), omitted: z.int() }),
  /** Host names that lead to the environment now and did not when the release was made, and the other way round. They stay as they are */
  hosts: z.object({ since: z.array(z.string()), gone: z.array(z.string()) }),
  /** Milliseconds the last rollback of this environment took, to a warm release when this one is, when there was one */
  lastTookMs: z.number().nullable(),
});
export type RollbackPlan = z.infer<typeof RollbackPlan>;

export const TokenOut = z.object({
  id: z.string(),
  name: z.string(),
  teamId: z.string(),
  hint: z.string(),
  createdAt: z.date(),
  expiresAt: z.date().nullable(),
  lastUsedAt: z.date().nullable(),
});
export type TokenOut = z.infer<typeof TokenOut>;

export const RuntimeLogLines = z.array(RuntimeLogLine);

/** A part of a runtime log, in order. */
export const RuntimeLogPage = z.object({
  lines: RuntimeLogLines,
  /** From where to read on in the same direction; null when there is nothing more */
  next: z.int().nullable(),
  /** Up to what time was read or searched, in milliseconds since the epoch */
  reachedAt: z.number().nullable(),
  /** The newest line's number when it was read */
  lastSeq: z.int(),
});
export type RuntimeLogPage = z.infer<typeof RuntimeLogPage>;

export const RuntimeLogBatch = z.object({
  lines: RuntimeLogLines,
  /** Up to here everything was looked at */
  lastSeq: z.int(),
  /** Lines left out before these, because they came faster than they could be shown */
  skipped: z.int(),
});
export type RuntimeLogBatch = z.infer<typeof RuntimeLogBatch>;

export const RuntimeLogSummary = z.object({
  /** Since when there are lines */
  oldestAt: z.date().nullable(),
  oldestSeq: z.int().nullable(),
  /** As stored */
  bytes: z.number(),
  budget: LogBudget,
  /** Newest first, also those that stopped */
  instances: z.array(
    z.object({
      name: z.string(),
      isRunning: z.boolean(),
      releaseId: z.string(),
      releaseNumber: z.int(),
      startedAt: z.date(),
    }),
  ),
});
export type RuntimeLogSummary = z.infer<typeof RuntimeLogSummary>;

/** What a deployment of the settings and variables as they are now would change; the commits are known once it is planned. */
export const DeployPreview = z.object({
  /** Against what: the live release, when there is one */
  from: ReleaseOut.nullable(),
  config: z.array(ConfigChange),
  variables: z.object({ added: z.array(z.string()), changed: z.array(z.string()), removed: z.array(z.string()) }),
  /** It is stopped and will run again */
  startsAgain: z.boolean(),
  /** What waits or runs before it */
  ahead: z.int(),
  estimateMs: z.number().nullable(),
});
export type DeployPreview = z.infer<typeof DeployPreview>;

/** What goes with an environment, or with each of an app's, when it is deleted. */
export const DeletionPlan = z.object({
  /** What must be typed */
  name: z.string(),
  environments: z.array(
    z.object({
      name: z.string(),
      instances: z.int(),
      releases: z.int(),
      variables: z.int(),
      hosts: z.array(z.string()),
      deployments: z.int(),
      /** One is running, and is cancelled first */
      isBusy: z.boolean(),
    }),
  ),
  /** Its source is used by nothing else, so the copy of the repository goes too */
  removesSourceCopy: z.boolean(),
});
export type DeletionPlan = z.infer<typeof DeletionPlan>;

/** A clean-up that somebody asked for. */
export const CleanUpOut = z.object({
  id: z.string(),
  status: z.enum(["waiting", "running", "ended"]),
  actorName: z.string(),
  askedAt: z.date(),
  endedAt: z.date().nullable(),
  /** How many things were to go */
  asked: z.int(),
  removed: z.int(),
  freedBytes: z.number(),
  /** What stayed, and why */
  kept: z.array(CleanUpOutcome),
});
export type CleanUpOut = z.infer<typeof CleanUpOut>;

/** The disks of every server that a worker reported of. */
export const StorageOut = z.object({
  servers: z.array(
    z.object({
      server: z.string(),
      picture: StoragePicture,
      takenAt: z.date(),
      /** A newer picture was asked for and is being taken */
      isLooking: z.boolean(),
      /** A worker is there to clean up */
      hasWorker: z.boolean(),
      /** The newest first */
      cleanUps: z.array(CleanUpOut),
    }),
  ),
});
export type StorageOut = z.infer<typeof StorageOut>;
