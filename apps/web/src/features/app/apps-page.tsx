"use client";

import type { AppSummary } from "@windlass/api";
import { ArrowUpRight } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { StepProgress } from "@/features/deployment/deployment-row";
import { deploymentTitle, shortSha } from "@/features/deployment/deployment-title";
import { EnvironmentBadge } from "@/features/deployment/state-badge";
import { NewAppButton } from "@/features/overview/overview-page";
import { useCan, useSession } from "@/features/session/team-context";
import { Crumbs } from "@/features/shell/crumbs";
import { Empty } from "@/features/shell/empty";
import { Page } from "@/features/shell/page";
import { ProblemCard } from "@/features/shell/problem-card";
import { RelativeTime } from "@/features/time/times";

const FILTER_FROM = 6;

export function AppsPage() {
  const can = useCan();
  const { apps } = useSession();
  const [filter, setFilter] = useState("");
  const { data, problem, retry } = apps;
  const words = filter.trim().toLowerCase();
  const shown = data?.filter((app) => `${app.name} ${app.source.location}`.toLowerCase().includes(words));
  return (
    <Page title="Apps" actions={can("app", "create") && <NewAppButton />}>
      <Crumbs items={[{ label: "Apps" }]} />
      {problem && <ProblemCard title="The apps could not be read" problem={problem} onRetry={retry} />}
      {data && data.length >= FILTER_FROM && (
        <Input
          type="search"
          data-key="/"
          aria-label="Filter apps"
          placeholder="Filter by name or source"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          className="max-w-80"
        />
      )}
      {!data && !problem && <Skeleton className="h-64" />}
      {data?.length === 0 && (
        <Empty title="No app yet" action={can("app", "create") && <NewAppButton />}>
          An app is something the team deploys: a git repository that Windlass builds, or an image that is ready. Each
          has a production environment with its own address, variables and releases.
        </Empty>
      )}
      {shown && shown.length > 0 && (
        <ul aria-label="Apps" className="overflow-hidden rounded-md border border-border bg-raised">
          {shown.map((app) => (
            <AppRow key={app.id} app={app} />
          ))}
        </ul>
      )}
      {shown?.length === 0 && data && data.length > 0 && (
        <p className="text-muted">No app has “{filter}” in its name or source.</p>
      )}
    </Page>
  );
}

function AppRow({ app }: { app: AppSummary }) {
  return (
    <li className="relative flex flex-col gap-2 border-border border-b px-3 py-2.5 last:border-b-0 hover:bg-hover sm:flex-row sm:items-center sm:gap-4">
      <span className="min-w-0 flex-1">
        <Link
          href={`/apps/${app.id}`}
          data-row
          className="block truncate font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ring"
        >
          {app.name}
        </Link>
        <span className="block truncate text-muted text-xs">{app.source.location}</span>
      </span>
      <ul className="flex min-w-0 flex-col gap-1 sm:basis-3/5">
        {app.environments.map((environment) => {
          const { lastDeployment, release } = environment;
          const isMoving = lastDeployment?.status === "running";
          return (
            <li key={environment.id} className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 text-sm">
              <EnvironmentBadge state={environment.state} />
              <span className="text-muted text-xs">{environment.name}</span>
              {isMoving && lastDeployment.currentStep ? (
                <StepProgress deployment={lastDeployment} />
              ) : (
                lastDeployment && (
                  <span className="min-w-0 flex-1 basis-40 truncate text-xs">
                    {release?.commit && <span className="font-mono text-muted">{shortSha(release.commit.sha)} </span>}
                    {deploymentTitle(lastDeployment)}
                  </span>
                )
              )}
              {lastDeployment && <RelativeTime at={lastDeployment.queuedAt} className="ml-auto text-muted text-xs" />}
              {environment.url && release && (
                <a
                  href={environment.url}
                  target="_blank"
                  rel="noopener"
                  aria-label={`Open ${app.name}, ${environment.name}`}
                  className="relative z-10 inline-flex size-6 pointer-coarse:size-9 items-center justify-center rounded-sm text-muted hover:bg-selected hover:text-foreground"
                >
                  <ArrowUpRight className="size-4" aria-hidden="true" />
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </li>
  );
}
