"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReleaseOut, RollbackPlan } from "@windlass/api";
import { Flame, Snowflake } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Dialog, SheetContent } from "@/components/ui/dialog";
import { Skeleton } from "@/components/ui/skeleton";
import { shortSha } from "@/features/deployment/deployment-title";
import { ChangesCard } from "@/features/deployment/plan-view";
import { useRollback } from "@/features/deployment/use-deployment-actions";
import { ProblemCard } from "@/features/shell/problem-card";
import { formatDuration } from "@/features/time/duration";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { useLive } from "@/trpc/use-live";

export const releaseName = (release: Pick<ReleaseOut, "commit" | "number">): string =>
  release.commit ? shortSha(release.commit.sha) : `release ${release.number}`;

interface Props {
  environmentId: string;
  /** The release to begin with; the one before the live one when left out */
  releaseId?: string;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

/** Choose a kept release, see what will change, confirm once. */
export function RollbackSheet({ isOpen, onOpenChange, ...rest }: Props) {
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      {isOpen && (
        <SheetContent title="Roll back" description="Brings an earlier release back. Nothing is built again.">
          <Inside {...rest} />
        </SheetContent>
      )}
    </Dialog>
  );
}

function Inside({ environmentId, releaseId }: Pick<Props, "environmentId" | "releaseId">) {
  const trpc = useTRPC();
  const environment = useLive(trpc.environment.watch.subscriptionOptions({ environmentId }));
  const [chosen, setChosen] = useState(releaseId);
  const { rollback, isPending } = useRollback();
  const others = environment.data?.releases.filter((release) => !release.isLive) ?? [];
  const live = environment.data?.releases.find((release) => release.isLive);
  const before = others.find((release) => !live || release.number < live.number) ?? others[0];
  const target = others.find((release) => release.id === chosen) ?? before;
  const plan = useQuery(
    trpc.deployment.planRollback.queryOptions(
      { environmentId, releaseId: target?.id ?? "" },
      { enabled: target !== undefined, staleTime: 0 },
    ),
  );
  if (environment.problem) {
    return (
      <div className="p-4">
        <ProblemCard title="The releases could not be read" problem={environment.problem} onRetry={environment.retry} />
      </div>
    );
  }
  if (environment.data && !target) {
    return <p className="p-4 text-muted">There is no other release yet. Each deployment that goes live keeps one.</p>;
  }
  return (
    <>
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-4">
        <fieldset className="flex min-w-0 flex-col">
          <legend className="mb-2 font-semibold text-sm">Release</legend>
          <div className="flex max-h-72 flex-col overflow-y-auto rounded-md border border-border">
            {environment.data ? (
              others.map((release) => (
                <ReleaseChoice
                  key={release.id}
                  release={release}
                  isChosen={release.id === target?.id}
                  onChoose={() => setChosen(release.id)}
                />
              ))
            ) : (
              <Skeleton className="h-28" />
            )}
          </div>
        </fieldset>
        {plan.error ? (
          <ProblemCard
            title="The plan could not be made"
            problem={problemOf(plan.error)}
            onRetry={() => void plan.refetch()}
          />
        ) : (
          <PlanPart plan={plan.data} />
        )}
      </div>
      <div className="flex items-center justify-between gap-3 border-border border-t p-4">
        <p className="text-muted text-xs tabular-nums">
          {typeof plan.data?.lastTookMs === "number" &&
            `The last one ${plan.data.to.warmUntil ? "to a warm release " : ""}took ${formatDuration(plan.data.lastTookMs)}.`}
        </p>
        <Button
          variant="primary"
          disabled={!target || isPending}
          onClick={() => target && rollback(environmentId, target.id)}
        >
          {target ? `Roll back to ${releaseName(target)}` : "Roll back"}
        </Button>
      </div>
    </>
  );
}

function PlanPart({ plan }: { plan: RollbackPlan | undefined }) {
  if (!plan) return <Skeleton className="h-24" />;
  return (
    <>
      {plan.from && (
        <p className="text-sm">
          <span className="font-mono">{releaseName(plan.from)}</span> is live now and will be kept, so that you can come
          back to it.
        </p>
      )}
      <p className="flex items-start gap-1.5 text-sm">
        {plan.to.warmUntil ? (
          <>
            <Flame className="mt-0.5 size-4 shrink-0 text-live" aria-hidden="true" />
            <span>
              This release is warm: it still runs, is checked once and takes the traffic at once. It cools{" "}
              <RelativeTime at={plan.to.warmUntil} />
            </span>
          </>
        ) : (
          <>
            <Snowflake className="mt-0.5 size-4 shrink-0 text-muted" aria-hidden="true" />
            This release is stored: it is started beside the live one and takes the traffic once it is healthy.
          </>
        )}
      </p>
      <CommitsCard commits={plan.commits} />
      <ChangesCard config={plan.config} variables={plan.variables} />
      <HostsNote hosts={plan.hosts} />
    </>
  );
}

function CommitsCard({ commits }: Pick<RollbackPlan, "commits">) {
  const { direction, list, omitted } = commits;
  if (list.length === 0) return null;
  return (
    <Card className="flex flex-col gap-2 p-4">
      <CardTitle>{direction === "go away" ? "Commits that go away" : "Commits that come back"}</CardTitle>
      <ul className="flex flex-col">
        {list.map((commit) => (
          <li key={commit.sha} className="flex items-baseline gap-x-3 border-border border-t py-1.5 text-sm">
            <code className="font-mono text-muted text-xs">{shortSha(commit.sha)}</code>
            <span className="min-w-0 flex-1 truncate">{commit.message.split("\n")[0]}</span>
            <span className="shrink-0 text-muted text-xs">{commit.author}</span>
          </li>
        ))}
      </ul>
      {omitted > 0 && <p className="text-muted text-sm">and {omitted} more</p>}
    </Card>
  );
}

/** An address is never taken away by a rollback. */
function HostsNote({ hosts: { since, gone } }: Pick<RollbackPlan, "hosts">) {
  if (since.length + gone.length === 0) return null;
  return (
    <p className="text-muted text-sm">
      Addresses stay as they are today.
      {since.length > 0 && ` Added since: ${since.join(", ")}.`}
      {gone.length > 0 && ` Removed since: ${gone.join(", ")}.`}
    </p>
  );
}

function ReleaseChoice(props: { release: ReleaseOut; isChosen: boolean; onChoose: () => void }) {
  const { release, isChosen, onChoose } = props;
  return (
    <label
      className={cn(
        "flex cursor-pointer items-start gap-3 border-border border-b px-3 py-2 text-sm last:border-b-0 hover:bg-hover has-focus-visible:outline-2 has-focus-visible:-outline-offset-2",
        isChosen && "bg-selected hover:bg-selected",
      )}
    >
      <input type="radio" name="release" checked={isChosen} onChange={onChoose} className="mt-1 accent-accent" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">
          {release.commit?.message.split("\n")[0] || release.origin || `Release ${release.number}`}
        </span>
        <span className="block truncate text-muted text-xs">
          <span className="font-mono">{releaseName(release)}</span> · release {release.number}
          {release.deployedBy && ` · ${release.deployedBy}`} · <RelativeTime at={release.createdAt} />
        </span>
      </span>
      {release.warmUntil && (
        <span className="inline-flex shrink-0 items-center gap-1 text-live text-xs">
          <Flame className="size-3.5" aria-hidden="true" />
          Warm
        </span>
      )}
    </label>
  );
}
