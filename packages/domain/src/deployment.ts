import { z } from "zod";
import { FailureCause } from "./failure.ts";

export const DEPLOYMENT_STATUSES = ["queued", "running", "succeeded", "failed", "cancelled", "superseded"] as const;
export const DeploymentStatus = z.enum(DEPLOYMENT_STATUSES);
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** The one table of allowed transitions. */
export const DEPLOYMENT_TRANSITIONS: Record<DeploymentStatus, readonly DeploymentStatus[]> = {
  queued: ["running", "cancelled", "superseded", "failed"],
  running: ["succeeded", "failed", "cancelled", "superseded"],
  succeeded: [],
  failed: [],
  cancelled: [],
  superseded: [],
};

export const isEnded = (status: DeploymentStatus): boolean => DEPLOYMENT_TRANSITIONS[status].length === 0;

export const canMove = (from: DeploymentStatus, to: DeploymentStatus): boolean =>
  DEPLOYMENT_TRANSITIONS[from].includes(to);

export const DeploymentKind = z.enum(["deploy", "redeploy", "rollback", "restart", "scale", "start", "stop", "delete"]);
export type DeploymentKind = z.infer<typeof DeploymentKind>;

/** The kinds after which another release is live. */
export const RELEASING_KINDS = ["deploy", "redeploy", "rollback"] as const satisfies DeploymentKind[];

export const isReleasing = (kind: DeploymentKind): boolean => (RELEASING_KINDS as readonly string[]).includes(kind);

/** The kinds that build from a source; the others can be neither redeployed nor superseded by a newer commit. */
export const isBuilding = (kind: DeploymentKind): boolean => kind === "deploy" || kind === "redeploy";

/** How a deployment ended, and why, for the person who asks. */
export const DeploymentEnd = z.object({
  /** An ErrorCode, or `succeeded` */
  reason: z.string(),
  /** One sentence: what happened and what to do */
  message: z.string(),
  /** The step it ended in, when it did not succeed */
  step: z.string().optional(),
  /** What was seen: last probe, exit code, last lines */
  evidence: z.array(z.string()).default([]),
  /** The deployment that took its place in the line */
  replacedBy: z.object({ deploymentId: z.string(), number: z.int() }).optional(),
  /** Why it failed, where what was seen proves it */
  cause: FailureCause.optional(),
});
export type DeploymentEnd = z.infer<typeof DeploymentEnd>;

export const StepStatus = z.enum(["running", "succeeded", "failed", "cancelled"]);
export type StepStatus = z.infer<typeof StepStatus>;

/** A name with what it was and what it will be; for variables only the names are ever told. */
export const ConfigChange = z.object({
  name: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type ConfigChange = z.infer<typeof ConfigChange>;

export const CommitSummary = z.object({
  sha: z.string(),
  message: z.string(),
  author: z.string(),
  committedAt: z.string(),
});
export type CommitSummary = z.infer<typeof CommitSummary>;

/** The way from the live release's commit to another. */
export const CommitRange = z.object({
  /** Newest first, at most 50; `commitsOmitted` says how many more there are */
  commits: z.array(CommitSummary),
  commitsOmitted: z.int(),
  /** The live release's commit, when there is one */
  fromCommit: z.string().nullable(),
  /** Null for an image */
  toCommit: z.string().nullable(),
  /** The target is older than, or not a descendant of, what is live */
  isBackwards: z.boolean(),
});
export type CommitRange = z.infer<typeof CommitRange>;

/** What a deployment will change against the release that is live. */
export const DeploymentPlan = CommitRange.extend({
  config: z.array(ConfigChange),
  variables: z.object({ added: z.array(z.string()), changed: z.array(z.string()), removed: z.array(z.string()) }),
  /** The commands that the deployment runs, as people write them */
  commands: z
    .object({ release: z.string().nullable(), postDeploy: z.string().nullable() })
    .default({ release: null, postDeploy: null }),
  zeroDowntime: z.boolean(),
  /** Why not, when it is not */
  zeroDowntimeNote: z.string().nullable(),
});
export type DeploymentPlan = z.infer<typeof DeploymentPlan>;

/** What Windlass's own probes through the router met while the traffic moved. */
export const ProbeSummary = z.object({
  /** From the command to switch until the old release was retired */
  requests: z.int(),
  failures: z.int(),
  /** What the first that failed met, in words */
  firstFailure: z.string().nullable(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  longestMs: z.number(),
  /** Oldest first, at most 120; times are milliseconds after the switch, negative before it */
  points: z.array(z.object({ atMs: z.number(), tookMs: z.number(), isOk: z.boolean() })),
});
export type ProbeSummary = z.infer<typeof ProbeSummary>;

/** What the switch did to the traffic: what the router counted for users, and what our own probes met. */
export const SwitchProof = z.object({
  switchMs: z.number(),
  /** Users' requests to this environment from the switch until the old release was retired */
  requests: z.int(),
  /** Of them, those that got no answer from the app */
  failures: z.int(),
  /** Of them, those the app itself answered with 5xx */
  serverErrors: z.int().default(0),
  /** Requests that were still open on the old release when the drain limit was reached */
  cutOff: z.int(),
  /** WebSockets and event streams that were asked to come again */
  closed: z.int().default(0),
  /** How long the old release took to drain */
  drainMs: z.number().default(0),
  probe: ProbeSummary.nullable().default(null),
});
export type SwitchProof = z.infer<typeof SwitchProof>;

/** The names of the pipeline's steps, in order, for pages that show what is still to come. */
export const DEPLOY_STEPS = [
  "resolve source",
  "plan",
  "check disk",
  "fetch source",
  "build",
  "start release",
  "await healthy",
  "switch traffic",
  "retire previous",
] as const;
export type DeployStep = (typeof DEPLOY_STEPS)[number] | "release command" | "post-deploy command" | "clean up";

/** The same, with the commands that an environment has set. */
export const deploySteps = (config: { releaseCommand?: unknown; postDeployCommand?: unknown }): DeployStep[] =>
  DEPLOY_STEPS.flatMap((name): DeployStep[] => {
    if (name === "start release" && config.releaseCommand) return ["release command", name];
    if (name !== "retire previous") return [name];
    const after: DeployStep[] = config.postDeployCommand ? [name, "post-deploy command"] : [name];
    return config.releaseCommand || config.postDeployCommand ? [...after, "clean up"] : after;
  });

/** Of a release that exists already: a rollback, a restart, a change of the number of instances, a start after a stop. */
export const RELAUNCH_STEPS = ["plan", "start release", "await healthy", "switch traffic", "retire previous"] as const;
export const STOP_STEPS = ["close traffic", "stop instances"] as const;
export const DELETE_STEPS = ["close traffic", "stop instances", "remove artifacts", "remove remains"] as const;

/** What is expected of a deployment, in order. Steps that undo belong to the story, not to the expected course. */
export function stepsOf(kind: DeploymentKind, config: Parameters<typeof deploySteps>[0]): readonly string[] {
  switch (kind) {
    case "deploy":
    case "redeploy":
      return deploySteps(config);
    case "rollback":
    case "restart":
    case "scale":
    case "start":
      return RELAUNCH_STEPS;
    case "stop":
      return STOP_STEPS;
    case "delete":
      return DELETE_STEPS;
  }
}
