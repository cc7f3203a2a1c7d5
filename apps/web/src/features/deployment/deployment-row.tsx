import type { DeploymentSummary } from "@windlass/api";
import { FAILURE_TITLES } from "@windlass/domain";
import { TriangleAlert } from "lucide-react";
import Link from "next/link";
import { Duration, RelativeTime } from "@/features/time/times";
import { deploymentTitle, shortSha } from "./deployment-title";
import { DeploymentBadge } from "./state-badge";

const KINDS: Partial<Record<DeploymentSummary["kind"], string>> = { redeploy: "redeploy", rollback: "rollback" };

/** One deployment in any list. */
export function DeploymentRow({ deployment, hasApp = false }: { deployment: DeploymentSummary; hasApp?: boolean }) {
  const { commit, status, kind, end } = deployment;
  const isRunning = status === "running";
  return (
    <li className="border-border border-b last:border-b-0">
      <Link
        href={`/deployments/${deployment.id}`}
        data-row
        className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-sm hover:bg-hover focus-visible:-outline-offset-2"
      >
        <span className="w-26 shrink-0">
          <DeploymentBadge deployment={deployment} />
        </span>
        <span className="min-w-0 flex-1 basis-56">
          <span className="line-clamp-2 break-words font-medium sm:line-clamp-1">
            {hasApp && <>{deployment.appName}: </>}
            {deploymentTitle(deployment)}
          </span>
          <span className="block truncate text-muted text-xs">
            #{deployment.number}
            {KINDS[kind] && ` · ${KINDS[kind]}`}
            {commit && (
              <>
                {" · "}
                <span className="font-mono">{shortSha(commit.sha)}</span>
              </>
            )}
            {deployment.ref && deployment.ref !== commit?.sha && ` · ${deployment.ref}`}
            {` · ${deployment.actorName}, ${deployment.trigger}`}
          </span>
          {status === "failed" && end?.cause && (
            <span className="block truncate text-failed text-xs">{FAILURE_TITLES[end.cause.code]}</span>
          )}
          {deployment.lostRequests > 0 && (
            <span className="flex items-center gap-1 text-attention text-xs">
              <TriangleAlert className="size-3.5 shrink-0" aria-hidden="true" />
              {deployment.lostRequests === 1 ? "1 request" : `${deployment.lostRequests.toLocaleString("en")} requests`}{" "}
              failed while the traffic moved
            </span>
          )}
        </span>
        {deployment.waiting && (
          <span className="basis-full text-waiting text-xs sm:max-w-72 sm:basis-auto sm:text-right">
            {deployment.waiting.text}
          </span>
        )}
        {isRunning && deployment.currentStep && <StepProgress deployment={deployment} />}
        <span className="flex shrink-0 gap-3 text-muted text-xs tabular-nums">
          {deployment.startedAt && <Duration from={deployment.startedAt} to={deployment.endedAt} />}
          <RelativeTime at={deployment.queuedAt} />
        </span>
      </Link>
    </li>
  );
}

/** The step that runs now, with how far it is among all. */
export function StepProgress({ deployment }: { deployment: DeploymentSummary }) {
  const { stepsDone, stepsExpected, currentStep } = deployment;
  const share = stepsExpected > 0 ? (stepsDone / stepsExpected) * 100 : 0;
  return (
    <span className="flex shrink-0 items-center gap-2 text-working text-xs">
      <span className="h-1 w-20 overflow-hidden rounded-sm bg-working-ground" aria-hidden="true">
        <span className="block h-full bg-working transition-[width] duration-150" style={{ width: `${share}%` }} />
      </span>
      {currentStep}
    </span>
  );
}

export function DeploymentList(props: { label: string; deployments: DeploymentSummary[]; hasApp?: boolean }) {
  return (
    <ul aria-label={props.label} className="overflow-hidden rounded-md border border-border bg-raised">
      {props.deployments.map((deployment) => (
        <DeploymentRow key={deployment.id} deployment={deployment} hasApp={props.hasApp} />
      ))}
    </ul>
  );
}
