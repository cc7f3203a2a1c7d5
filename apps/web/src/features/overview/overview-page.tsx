"use client";

import type { AppSummary, Overview } from "@windlass/api";
import { ArrowRight, ArrowUpRight, Plus, TriangleAlert } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { DeploymentList } from "@/features/deployment/deployment-row";
import { shortSha } from "@/features/deployment/deployment-title";
import { EnvironmentBadge } from "@/features/deployment/state-badge";
import { FindingList } from "@/features/finding/finding-list";
import { useCan, useSession } from "@/features/session/team-context";
import { Crumbs } from "@/features/shell/crumbs";
import { Page } from "@/features/shell/page";
import { ProblemCard } from "@/features/shell/problem-card";
import { RelativeTime } from "@/features/time/times";
import { HoldNote } from "@/features/traffic/hold-note";
import { useTRPC } from "@/trpc/context";
import { useLive } from "@/trpc/use-live";

export function OverviewPage() {
  const trpc = useTRPC();
  const can = useCan();
  const { team } = useSession();
  const { data, problem, retry } = useLive(trpc.overview.watch.subscriptionOptions({ teamId: team.id }));
  return (
    <Page title="Overview" actions={data && data.apps.length > 0 && can("app", "create") && <NewAppButton />}>
      <Crumbs items={[{ label: "Overview" }]} />
      {problem && <ProblemCard title="The overview could not be read" problem={problem} onRetry={retry} />}
      {data ? <Known overview={data} /> : !problem && <Loading />}
    </Page>
  );
}

export function NewAppButton() {
  return (
    <Button asChild variant="primary">
      <Link href="/apps/new">
        <Plus aria-hidden="true" />
        New app
      </Link>
    </Button>
  );
}

function Loading() {
  return (
    <div className="flex flex-col gap-6" aria-busy="true">
      <Skeleton className="h-16" />
      <Skeleton className="h-36" />
      <Skeleton className="h-64" />
    </div>
  );
}

function Known({ overview }: { overview: Overview }) {
  const { attention, findings, active, apps, runtimes, nextStep } = overview;
  const recent = overview.recent.filter(({ endedAt }) => endedAt !== null);
  // Forgotten ones keep visitors out: they stand here until somebody ends them.
  const held = apps.flatMap(({ name, environments }) =>
    environments.flatMap((environment) =>
      environment.hold ? [{ title: `${name}, ${environment.name}`, environment }] : [],
    ),
  );
  if (apps.length === 0) return <Welcome overview={overview} />;
  return (
    <div className="flex flex-col gap-6">
      {runtimes.workers === 0 && <NoWorker />}
      {nextStep?.kind === "deploy" && nextStep.href && <NextStep text={nextStep.text} href={nextStep.href} />}
      {attention.length + held.length + findings.length > 0 && (
        <Part title="Needs you">
          {findings.length > 0 && <FindingList label="What could not be repaired" findings={findings} hasApp />}
          {held.length > 0 && (
            <div className="overflow-hidden rounded-md border border-border">
              {held.map(({ title, environment }) => (
                <HoldNote key={environment.id} environment={environment} title={title} />
              ))}
            </div>
          )}
          {attention.length > 0 && <DeploymentList label="Deployments that need you" deployments={attention} hasApp />}
        </Part>
      )}
      <Part title="Happening now">
        {active.length > 0 ? (
          <DeploymentList label="Deployments in progress" deployments={active} hasApp />
        ) : (
          <p className="text-muted text-sm">Nothing is being deployed.</p>
        )}
      </Part>
      <Part title="Apps">
        <AppCards apps={apps} />
      </Part>
      {recent.length > 0 && (
        <Part title="Recent deployments">
          <DeploymentList label="Recent deployments" deployments={recent} hasApp />
        </Part>
      )}
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-2">
      <h2 className="font-semibold text-sm">{title}</h2>
      {children}
    </section>
  );
}

function NextStep({ text, href }: { text: string; href: string }) {
  return (
    <Link
      href={href}
      className="flex items-center justify-between gap-3 rounded-md border border-accent px-4 py-3 font-medium hover:bg-hover"
    >
      {text}
      <ArrowRight className="size-4 shrink-0 text-accent" aria-hidden="true" />
    </Link>
  );
}

export function NoWorker() {
  return (
    <p className="flex items-start gap-2 rounded-md border border-attention bg-attention-ground px-4 py-3 text-sm">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-attention" aria-hidden="true" />
      No worker has reported lately, so deployments wait. Start the worker, or look at its log.
    </p>
  );
}

/** What a new person sees: what Windlass does, and the one thing to do. */
function Welcome({ overview }: { overview: Overview }) {
  const can = useCan();
  return (
    <div className="flex flex-col gap-4">
      {overview.runtimes.workers === 0 && <NoWorker />}
      <div className="flex flex-col items-start gap-3 rounded-md border border-border p-6 md:p-10">
        <h2 className="font-semibold text-lg">Deploy your first app</h2>
        <p className="max-w-prose text-muted">
          Paste the address of a git repository or the name of an image. Windlass finds out how to build and start it,
          runs it beside the old release until it is healthy, and then moves the traffic over without dropping a
          request.
        </p>
        {can("app", "create") ? (
          <NewAppButton />
        ) : (
          <p className="text-sm">Your role may look only. Ask an admin of the team to add an app.</p>
        )}
        <ol className="mt-2 flex flex-col gap-1 text-muted text-sm">
          <li>1. Paste a source; it is checked as you type.</li>
          <li>2. Look at the plan, and deploy.</li>
          <li>3. Roll back whenever you like: earlier releases are kept.</li>
        </ol>
      </div>
    </div>
  );
}

function AppCards({ apps }: { apps: AppSummary[] }) {
  return (
    <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
      {apps.map((app) => (
        <AppCard key={app.id} app={app} />
      ))}
    </ul>
  );
}

export function AppCard({ app }: { app: AppSummary }) {
  return (
    <li className="relative flex min-w-0 flex-col gap-2 rounded-md border border-border bg-raised p-4 focus-within:border-input hover:border-input">
      <h3 className="truncate font-semibold">
        <Link href={`/apps/${app.id}`} data-row className="after:absolute after:inset-0 after:rounded-md">
          {app.name}
        </Link>
      </h3>
      <p className="truncate text-muted text-xs">{app.source.location}</p>
      <ul className="flex flex-col gap-1.5">
        {app.environments.map((environment) => (
          <li key={environment.id} className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm">
            <EnvironmentBadge state={environment.state} />
            <span className="text-muted text-xs">
              {environment.name}
              {environment.release?.commit && (
                <>
                  {" · "}
                  <span className="font-mono">{shortSha(environment.release.commit.sha)}</span>
                </>
              )}
              {environment.release && (
                <>
                  {" · "}
                  <RelativeTime at={environment.release.createdAt} />
                </>
              )}
            </span>
            {environment.url && environment.release && (
              <a
                href={environment.url}
                target="_blank"
                rel="noopener"
                aria-label={`Open ${app.name}, ${environment.name}`}
                className="relative z-10 ml-auto inline-flex size-6 pointer-coarse:size-9 items-center justify-center rounded-sm text-muted hover:bg-hover hover:text-foreground"
              >
                <ArrowUpRight className="size-4" aria-hidden="true" />
              </a>
            )}
          </li>
        ))}
      </ul>
    </li>
  );
}
