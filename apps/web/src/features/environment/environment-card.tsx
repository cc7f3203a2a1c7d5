"use client";

import { ArrowUpRight, CircleStop, GitBranch, TriangleAlert, Undo2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import type { EnvironmentDetail, EnvironmentSummary, SourceOut } from "@/features/app/shapes";
import { DeployButton } from "@/features/deployment/deploy-button";
import { DeploymentRow } from "@/features/deployment/deployment-row";
import { shortSha } from "@/features/deployment/deployment-title";
import { EnvironmentBadge } from "@/features/deployment/state-badge";
import { FindingList } from "@/features/finding/finding-list";
import { RollbackSheet } from "@/features/release/rollback-sheet";
import { useCan } from "@/features/session/team-context";
import { CopyButton } from "@/features/shell/copy-button";
import { RelativeTime } from "@/features/time/times";
import { HoldButton, HoldNote } from "@/features/traffic/hold-note";
import { OperateMenu } from "./operate-menu";

/** One environment at a glance: where it is, what is live, how it is, what it does. */
export function EnvironmentCard(props: {
  summary: EnvironmentSummary;
  detail: EnvironmentDetail | undefined;
  source: SourceOut;
  /** The app has no other */
  isOnly: boolean;
}) {
  const { summary, detail, source, isOnly } = props;
  const can = useCan();
  const [isRollingBack, setIsRollingBack] = useState(false);
  const environment = detail ?? summary;
  const { release, url, lastDeployment } = environment;
  const canRollBack = detail?.releases.some((kept) => !kept.isLive) ?? false;
  return (
    <Card aria-label={environment.name} className="flex min-w-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 p-4 pb-3">
        <h2 className="font-semibold">{environment.name}</h2>
        <EnvironmentBadge state={environment.state} />
        <div className="ml-auto flex flex-wrap gap-2">
          {can("environment", "update") && environment.state !== "deleting" && <HoldButton environment={environment} />}
          {can("deployment", "create") && environment.state !== "deleting" && (
            <>
              {canRollBack && (
                <Button onClick={() => setIsRollingBack(true)}>
                  <Undo2 aria-hidden="true" />
                  Roll back
                </Button>
              )}
              <DeployButton environment={environment} source={source} />
            </>
          )}
          {environment.state !== "deleting" && <OperateMenu environment={environment} isOnly={isOnly} />}
        </div>
      </div>
      <dl className="grid gap-x-6 gap-y-3 px-4 pb-4 text-sm sm:grid-cols-2 lg:grid-cols-4">
        <Fact name="Address">
          {url ? (
            <span className="flex min-w-0 items-center gap-1">
              <a
                href={url}
                target="_blank"
                rel="noopener"
                className="inline-flex min-w-0 items-center gap-1 text-accent hover:underline"
              >
                <span className="truncate">{url.replace(/^https?:\/\//, "")}</span>
                <ArrowUpRight className="size-3.5 shrink-0" aria-hidden="true" />
              </a>
              <CopyButton text={url} label="Copy the address" />
            </span>
          ) : (
            "None"
          )}
        </Fact>
        <Fact name={environment.stopped ? "Stopped release" : "Live release"}>
          {release ? (
            <>
              <span className="block truncate">
                {release.commit?.message.split("\n")[0] || release.origin || `Release ${release.number}`}
              </span>
              <span className="flex flex-wrap items-center gap-x-1 text-muted text-xs">
                {release.commit && (
                  <CopyButton text={release.commit.sha} label="Copy the commit" className="-ml-1">
                    {shortSha(release.commit.sha)}
                  </CopyButton>
                )}
                {release.commit?.author && `${release.commit.author}, `}
                <RelativeTime at={release.createdAt} />
              </span>
            </>
          ) : (
            <span className="text-muted">Nothing is live yet</span>
          )}
        </Fact>
        <Fact name="Instances">
          {detail?.releases.map(
            ({ id, number, commit, warmUntil }) =>
              warmUntil && (
                <span key={id} className="order-last block truncate">
                  warm{" "}
                  <span className="text-muted text-xs">
                    {commit ? shortSha(commit.sha) : `release ${number}`}, cools <RelativeTime at={warmUntil} />
                  </span>
                </span>
              ),
          )}
          {detail ? (
            detail.running.length > 0 ? (
              detail.running.map((instance) => (
                <span key={instance.name} className="block truncate">
                  {instance.status} <span className="text-muted text-xs">since </span>
                  <RelativeTime at={instance.startedAt} className="text-muted text-xs" />
                </span>
              ))
            ) : (
              <span className="text-muted">None</span>
            )
          ) : (
            <span>{summary.instances.running > 0 ? `${summary.instances.running} running` : "None"}</span>
          )}
        </Fact>
        <Fact name={source.kind === "git" ? "Branch" : "Image"}>
          <span className="flex min-w-0 items-center gap-1">
            {source.kind === "git" && <GitBranch className="size-4 shrink-0 text-muted" aria-hidden="true" />}
            <span className="truncate">{source.kind === "git" ? environment.branch : source.location}</span>
          </span>
          <span className="text-muted text-xs">{environment.runtime === "docker" ? "Docker" : "Process"}</span>
        </Fact>
      </dl>
      <HoldNote environment={environment} />
      {environment.stopped && (
        <p className="flex items-start gap-2 border-border border-t bg-waiting-ground px-4 py-2 text-sm">
          <CircleStop className="mt-0.5 size-4 shrink-0 text-waiting" aria-hidden="true" />
          <span>
            Stopped by {environment.stopped.by}, <RelativeTime at={environment.stopped.at} />. Visitors see a page that
            says so. {can("deployment", "create") && "Start it under More actions, or deploy."}
          </span>
        </p>
      )}
      {detail?.findings.some(({ state }) => state === "needs_you" || state === "repairing") && (
        <FindingList
          label="What is amiss"
          findings={detail.findings.filter(({ state }) => state === "needs_you" || state === "repairing")}
        />
      )}
      {detail?.hasUnappliedChanges && (
        <p className="flex items-start gap-2 border-border border-t bg-attention-ground px-4 py-2 text-sm">
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-attention" aria-hidden="true" />
          Settings or variables changed since the live release was made. The next deployment applies them.
        </p>
      )}
      {lastDeployment && lastDeployment.status !== "succeeded" && (
        <ul aria-label="Last deployment" className="border-border border-t [&_a]:px-4">
          <DeploymentRow deployment={lastDeployment} />
        </ul>
      )}
      {lastDeployment?.status === "failed" && lastDeployment.end && (
        <p className="border-border border-t px-4 py-2 text-failed text-sm">
          {lastDeployment.end.cause?.sentence ?? lastDeployment.end.message}{" "}
          <Link href={`/deployments/${lastDeployment.id}`} className="font-medium underline">
            See what happened
          </Link>
        </p>
      )}
      <RollbackSheet environmentId={environment.id} isOpen={isRollingBack} onOpenChange={setIsRollingBack} />
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-muted text-xs">{name}</dt>
      <dd className="flex min-w-0 flex-col">{children}</dd>
    </div>
  );
}
