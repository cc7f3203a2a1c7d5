import { type CommitRange, type DeploymentPlan, DomainError, diffConfig, diffNames } from "@windlass/domain";
import type { EffectContext, EnginePorts, ResolvedSource, SourceAccess } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";

const COMMITS_SHOWN = 50;

/** What this deployment will change against the release that is live. */
export async function planDeployment(
  { source, record }: Pick<EnginePorts, "source" | "record">,
  request: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<void> {
  const commit = resolved.kind === "git" ? resolved.commit : null;
  const range = await readCommitRange(source, request.access, request.live?.commitSha ?? null, resolved, context);
  const plan: DeploymentPlan = {
    ...range,
    config: diffConfig(request.live?.config ?? null, request.config),
    variables: diffNames(request.live?.variableDigests ?? {}, request.variableDigests),
    commands: {
      release: request.config.releaseCommand?.join(" ") ?? null,
      postDeploy: request.config.postDeployCommand?.join(" ") ?? null,
    },
    zeroDowntime: true,
    zeroDowntimeNote: null,
  };
  record({ plan, ...(commit ? { commit } : {}) });
  await tell(plan, request, context);
  if (isContained(plan) && !request.allowOlder) throw alreadyContained(plan);
}

/** The commits between what is live, when something is, and what was asked for. */
export async function readCommitRange(
  source: EnginePorts["source"],
  access: SourceAccess,
  fromCommit: string | null,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<CommitRange> {
  const commit = resolved.kind === "git" ? resolved.commit : null;
  const { commits, omitted, isBackwards } =
    commit && fromCommit && fromCommit !== commit.sha
      ? await source.history(access, fromCommit, commit.sha, COMMITS_SHOWN, context)
      : { commits: commit && fromCommit !== commit.sha ? [commit] : [], omitted: 0, isBackwards: false };
  return { commits, commitsOmitted: omitted, fromCommit, toCommit: commit?.sha ?? null, isBackwards };
}

/** The live release's commit follows from this one: nothing lies between but what would be taken out. */
const isContained = ({ isBackwards, commits }: DeploymentPlan): boolean => isBackwards && commits.length === 0;

const alreadyContained = ({ fromCommit, toCommit }: DeploymentPlan): DomainError =>
  new DomainError(
    "superseded",
    `The live release (${fromCommit?.slice(0, 7)}) already contains ${toCommit?.slice(0, 7)}, so there is nothing newer to deploy. To go back to it, roll back to the release made from it, or deploy the older commit on purpose.`,
  );

async function tell(plan: DeploymentPlan, request: DeployRequest, context: EffectContext): Promise<void> {
  if (!request.live) return void (await context.log("system", "First release of this environment."));
  const commits = plan.commits.length + plan.commitsOmitted;
  const { added, changed, removed } = plan.variables;
  const variables = added.length + changed.length + removed.length;
  await context.log(
    "system",
    `Against the live release: ${count(commits, "commit")}, ${count(plan.config.length, "setting")}, ${count(variables, "variable")} changed.`,
  );
  if (isContained(plan)) await context.log("system", "The live release is newer: it contains this commit already.");
  else if (plan.isBackwards) {
    await context.log("system", "The branch was rewritten: what is live is not an ancestor of this commit.");
  }
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
