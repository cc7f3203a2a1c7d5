"use client";

import type { AppDetail } from "@windlass/api";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { toast } from "sonner";
import { Select } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { DeploymentList } from "@/features/deployment/deployment-row";
import { EnvironmentCard } from "@/features/environment/environment-card";
import { EnvironmentName } from "@/features/environment/environment-name";
import { EnvironmentSettings } from "@/features/environment/environment-settings";
import { NewEnvironment } from "@/features/environment/new-environment";
import { FindingList } from "@/features/finding/finding-list";
import { RuntimeLogTab } from "@/features/log/runtime-log-tab";
import { LooksOnly } from "@/features/session/looks-only";
import { useCan, useSession, useTeamOf } from "@/features/session/team-context";
import { CopyButton } from "@/features/shell/copy-button";
import { Crumbs } from "@/features/shell/crumbs";
import { Empty } from "@/features/shell/empty";
import { NotThere } from "@/features/shell/not-there";
import { Page } from "@/features/shell/page";
import { ProblemCard } from "@/features/shell/problem-card";
import { VariablesTab } from "@/features/variable/variables-tab";
import { useTRPC } from "@/trpc/context";
import { useLive } from "@/trpc/use-live";
import { AppSettings } from "./app-settings";
import { DeleteApp } from "./delete-app";
import type { EnvironmentDetail, EnvironmentSummary } from "./shapes";

export function AppPage({ appId }: { appId: string }) {
  const trpc = useTRPC();
  const { apps } = useSession();
  const { data, problem, retry } = useLive(trpc.app.watch.subscriptionOptions({ appId }));
  const app = data ?? apps.data?.find((candidate) => candidate.id === appId);
  useTeamOf(data?.teamId);
  const router = useRouter();
  const isGone =
    problem?.code === "not_found" && (data?.environments.every(({ state }) => state === "deleting") ?? false);
  useEffect(() => {
    if (!isGone) return;
    toast.success("Deleted the app.");
    router.replace("/apps");
  }, [isGone, router]);
  return (
    <Page
      title={app?.name ?? (problem ? "App" : <Skeleton className="h-6 w-48" />)}
      detail={
        app && (
          <span className="flex min-w-0 items-center gap-1">
            <span className="truncate">{app.source.location}</span>
            <CopyButton text={app.source.location} label="Copy the source" />
          </span>
        )
      }
    >
      <Crumbs
        items={[
          { label: "Apps", href: "/apps" },
          {
            label: app?.name ?? "App",
            siblings: apps.data?.map(({ id, name }) => ({ label: name, href: `/apps/${id}` })),
          },
        ]}
      />
      {problem?.code === "not_found" ? (
        <NotThere what="app" />
      ) : problem ? (
        <ProblemCard title="This app could not be read" problem={problem} onRetry={retry} />
      ) : app?.environments[0] ? (
        <Known app={app} first={app.environments[0]} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

function Loading() {
  return (
    <div className="flex flex-col gap-4" aria-busy="true">
      <Skeleton className="h-40" />
      <Skeleton className="h-64" />
    </div>
  );
}

function Known({ app, first }: { app: Omit<AppDetail, "teamId">; first: EnvironmentSummary }) {
  const [chosen, setChosen] = useState(useSearchParams().get("environment") ?? first.id);
  const summary = app.environments.find(({ id }) => id === chosen) ?? first;
  const trpc = useTRPC();
  const can = useCan();
  const { data, problem, retry } = useLive(trpc.environment.watch.subscriptionOptions({ environmentId: summary.id }));
  const details = data?.id === summary.id ? data : undefined;
  return (
    <div className="flex flex-col gap-6">
      {app.environments.map((environment) => (
        <EnvironmentCard
          key={environment.id}
          summary={environment}
          detail={environment.id === summary.id ? details : undefined}
          source={app.source}
          isOnly={app.environments.length === 1}
        />
      ))}
      <div className="flex flex-wrap items-center gap-2 empty:hidden">
        {app.environments.length > 1 && (
          <Select
            aria-label="Environment"
            value={summary.id}
            onChange={(event) => setChosen(event.target.value)}
            className="w-56"
          >
            {app.environments.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        )}
        {can("environment", "create") && (
          <NewEnvironment appId={app.id} environments={app.environments} source={app.source} onMade={setChosen} />
        )}
      </div>
      {problem && <ProblemCard title="The environment could not be read" problem={problem} onRetry={retry} />}
      <AppTabs key={summary.id} app={app} environment={details} hasProblem={problem !== null} />
    </div>
  );
}

const TABS = ["deployments", "logs", "variables", "events", "settings"] as const;

function AppTabs(props: {
  app: Omit<AppDetail, "teamId">;
  environment: EnvironmentDetail | undefined;
  hasProblem: boolean;
}) {
  const { app, environment, hasProblem } = props;
  const router = useRouter();
  const asked = useSearchParams();
  const tab = TABS.find((name) => name === asked.get("tab")) ?? "deployments";
  const field = asked.get("field");
  const isKnown = environment !== undefined;
  // A link to one setting waits until the settings are there.
  useEffect(() => {
    if (isKnown && tab !== "deployments") goToField(field ?? "", window.location.hash.slice(1));
  }, [isKnown, tab, field]);
  const change = (next: string) =>
    router.replace(next === "deployments" ? `/apps/${app.id}` : `/apps/${app.id}?tab=${next}`, { scroll: false });
  const wait = hasProblem ? null : <Skeleton className="h-64" />;
  return (
    <Tabs value={tab} onValueChange={change}>
      <TabsList aria-label="About this app">
        <TabsTrigger value="deployments">Deployments</TabsTrigger>
        <TabsTrigger value="logs">Logs</TabsTrigger>
        <TabsTrigger value="variables">Variables</TabsTrigger>
        <TabsTrigger value="events">Events</TabsTrigger>
        <TabsTrigger value="settings">Settings</TabsTrigger>
      </TabsList>
      <TabsContent value="deployments">{environment ? <Deployments environment={environment} /> : wait}</TabsContent>
      <TabsContent value="logs">
        {environment ? <RuntimeLogTab environmentId={environment.id} name={`${app.slug}-${environment.slug}`} /> : wait}
      </TabsContent>
      <TabsContent value="variables">{environment ? <VariablesTab environment={environment} /> : wait}</TabsContent>
      <TabsContent value="events">{environment ? <Events environment={environment} /> : wait}</TabsContent>
      <TabsContent value="settings">
        {environment ? (
          <div className="flex flex-col gap-6">
            <LooksOnly />
            <AppSettings app={app} />
            <EnvironmentName environment={environment} />
            <EnvironmentSettings environment={environment} source={app.source} />
            <DeleteApp app={app} />
          </div>
        ) : (
          wait
        )}
      </TabsContent>
    </Tabs>
  );
}

/** Brings a setting into view and the cursor into it: one field by its name, or the first of a section. */
function goToField(field: string, sectionId: string): void {
  const named = field === "" ? null : document.querySelector<HTMLElement>(`[data-field^="${CSS.escape(field)}"]`);
  const section = sectionId === "" ? null : document.getElementById(sectionId);
  const control = named ?? section?.querySelector<HTMLElement>("input,select,textarea");
  control?.closest("details")?.setAttribute("open", "");
  (named ?? section)?.scrollIntoView({ block: named ? "center" : "start" });
  control?.focus({ preventScroll: true });
}

function Deployments({ environment }: { environment: EnvironmentDetail }) {
  const can = useCan();
  if (environment.deployments.length === 0) {
    return (
      <Empty title="Not deployed yet">
        Each deployment builds a release, starts it beside the one that is live, and moves the traffic once it is
        healthy. {can("deployment", "create") && "Press Deploy to make the first."}
      </Empty>
    );
  }
  return <DeploymentList label="Deployments" deployments={environment.deployments} />;
}

function Events({ environment }: { environment: EnvironmentDetail }) {
  if (environment.findings.length === 0) {
    return (
      <Empty title="Nothing was amiss">
        What runs is compared with what should run every minute, and whenever the server tells of a change: instances
        that ended, routes that got lost, leftovers. What was found, and what was done about it, stands here.
      </Empty>
    );
  }
  return <FindingList label="What was found and done" findings={environment.findings} />;
}
