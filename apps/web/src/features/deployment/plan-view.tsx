import type { RollbackPlan } from "@windlass/api";
import type { CommitRange, ConfigChange, DeploymentPlan } from "@windlass/domain";
import { TriangleAlert } from "lucide-react";
import { Card, CardTitle } from "@/components/ui/card";
import { RelativeTime } from "@/features/time/times";
import { shortSha } from "./deployment-title";

/** What a deployment changes against what was live: commits, settings, names of variables. */
export function PlanView({ plan }: { plan: DeploymentPlan }) {
  return (
    <div className="flex flex-col gap-4">
      <CommitsCard range={plan} />
      <ChangesCard config={plan.config} variables={plan.variables} />
      {(plan.commands.release || plan.commands.postDeploy) && (
        <Card className="flex flex-col gap-1 p-4 text-sm">
          <CardTitle>Commands</CardTitle>
          {plan.commands.release && (
            <p>
              Before it takes traffic: <code className="break-all font-mono text-xs">{plan.commands.release}</code>
            </p>
          )}
          {plan.commands.postDeploy && (
            <p>
              Once it is live: <code className="break-all font-mono text-xs">{plan.commands.postDeploy}</code>
            </p>
          )}
        </Card>
      )}
      <Card className="flex flex-col gap-1 p-4">
        <CardTitle>Downtime</CardTitle>
        <p className="text-sm">
          {plan.zeroDowntime
            ? "None: the new release starts beside the old one, and requests move over once it is healthy."
            : (plan.zeroDowntimeNote ?? "Requests may be refused for a moment.")}
        </p>
      </Card>
    </div>
  );
}

export function CommitsCard({ range }: { range: CommitRange }) {
  const { commits, commitsOmitted, isBackwards } = range;
  return (
    <Card className="flex flex-col gap-2 p-4">
      <CardTitle>Commits</CardTitle>
      <p className="text-muted text-sm">{describeRange(range)}</p>
      {isBackwards && (
        <p className="flex items-center gap-1.5 text-attention text-sm">
          <TriangleAlert className="size-4 shrink-0" aria-hidden="true" />
          This commit does not follow the live one: what came between is taken out.
        </p>
      )}
      {commits.length > 0 && (
        <ul className="flex flex-col">
          {commits.map((commit) => (
            <li
              key={commit.sha}
              className="flex flex-wrap items-baseline gap-x-3 border-border border-t py-1.5 text-sm"
            >
              <code className="font-mono text-muted text-xs">{shortSha(commit.sha)}</code>
              <span className="min-w-0 flex-1 truncate">{commit.message.split("\n")[0]}</span>
              <span className="text-muted text-xs">
                {commit.author}, <RelativeTime at={new Date(commit.committedAt)} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {commitsOmitted > 0 && <p className="text-muted text-sm">and {commitsOmitted} more</p>}
    </Card>
  );
}

function describeRange({ fromCommit, toCommit }: CommitRange): string {
  if (!toCommit) return "This deployment has no commit: it runs an image.";
  if (!fromCommit) return `The first release, from ${shortSha(toCommit)}.`;
  if (fromCommit === toCommit) return `The same commit as the live release, ${shortSha(toCommit)}.`;
  return `From ${shortSha(fromCommit)} to ${shortSha(toCommit)}.`;
}

export function ChangesCard({ config, variables }: { config: ConfigChange[]; variables: RollbackPlan["variables"] }) {
  const names = [
    ...variables.added.map((name) => ({ name, what: "added" })),
    ...variables.changed.map((name) => ({ name, what: "changed" })),
    ...variables.removed.map((name) => ({ name, what: "removed" })),
  ];
  return (
    <Card className="flex flex-col gap-2 p-4">
      <CardTitle>Settings and variables</CardTitle>
      {config.length === 0 && names.length === 0 && <p className="text-muted text-sm">Nothing changes.</p>}
      {config.length > 0 && (
        <ul className="flex flex-col">
          {config.map(({ name, before, after }) => (
            <li key={name} className="flex flex-wrap items-baseline gap-x-3 border-border border-t py-1.5 text-sm">
              <span className="min-w-40 font-medium">{name}</span>
              <span className="min-w-0 break-all font-mono text-xs">
                <del className="text-failed no-underline">{before ?? "not set"}</del>
                <span className="px-1.5 text-muted">→</span>
                <ins className="text-live no-underline">{after ?? "not set"}</ins>
              </span>
            </li>
          ))}
        </ul>
      )}
      {names.length > 0 && (
        <ul className="flex flex-col">
          {names.map(({ name, what }) => (
            <li key={name} className="flex items-baseline gap-3 border-border border-t py-1.5 text-sm">
              <code className="min-w-40 break-all font-mono text-xs">{name}</code>
              <span className="text-muted">{what}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
