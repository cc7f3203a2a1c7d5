import { type DeploymentPlan, diffConfig, diffNames } from "@windlass/domain";
import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";

const COMMITS_SHOWN = 50;

/** What this deployment will change against the release that is live. */
export async function planDeployment(
  { source, record }: Pick<EnginePorts, "source" | "record">,
  request: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<DeploymentPlan> {
  const commit = resolved.kind === "git" ? resolved.commit : null;
  const from = request.live?.commitSha ?? null;
  const history =
    commit && from && from !== commit.sha
      ? await source.history(request.access, from, commit.sha, COMMITS_SHOWN, context)
      : { commits: commit && from !== commit.sha ? [commit] : [], omitted: 0, isBackwards: false };
  const plan: DeploymentPlan = {
    commits: history.commits,
    commitsOmitted: history.omitted,
    fromCommit: from,
    toCommit: commit?.sha ?? null,
    isBackwards: history.isBackwards,
    config: diffConfig(request.live?.config ?? null, request.config),
    variables: diffNames(request.live?.variableDigests ?? {}, request.variableDigests),
    zeroDowntime: true,
    zeroDowntimeNote: null,
  };
  await record({ plan, ...(commit ? { commit } : {}) });
  await tell(plan, request, context);
  return plan;
}

async function tell(plan: DeploymentPlan, request: DeployRequest, context: EffectContext): Promise<void> {
  if (!request.live) return void (await context.log("system", "First release of this environment."));
  const commits = plan.commits.length + plan.commitsOmitted;
  const { added, changed, removed } = plan.variables;
  const variables = added.length + changed.length + removed.length;
  await context.log(
    "system",
    `Against the live release: ${count(commits, "commit")}, ${count(plan.config.length, "setting")}, ${count(variables, "variable")} changed.`,
  );
  if (plan.isBackwards) await context.log("system", "The live release's commit is not an ancestor of this one.");
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
