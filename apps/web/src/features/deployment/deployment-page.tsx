"use client";

import type { DeploymentDetail } from "@windlass/api";
import { lostRequests } from "@windlass/domain";
import { TriangleAlert } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useEffect, useState } from "react";
import { Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { parseLineRange } from "@/features/log/line-range";
import { useDeploymentLog } from "@/features/log/use-deployment-log";
import { useSession, useTeamOf } from "@/features/session/team-context";
import { CopyButton } from "@/features/shell/copy-button";
import { Crumbs } from "@/features/shell/crumbs";
import { Empty } from "@/features/shell/empty";
import { NotThere } from "@/features/shell/not-there";
import { Page } from "@/features/shell/page";
import { ProblemCard } from "@/features/shell/problem-card";
import { Duration, RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { useLive } from "@/trpc/use-live";
import { BakeCard } from "./bake-card";
import { DeploymentActions } from "./deployment-actions";
import { deploymentTitle, shortSha } from "./deployment-title";
import { FailureCard } from "./failure-card";
import { PlanView } from "./plan-view";
import { OverallProgress, RemainingTime } from "./progress";
import { describeLoss, ProofView } from "./proof-view";
import { DeploymentBadge } from "./state-badge";
import { Steps } from "./steps";
import { SupersededCard } from "./superseded-card";
import { WaitingNote } from "./waiting-note";

const LOG_SIZE = "h-[max(360px,calc(100dvh-280px))]";

const LogViewer = dynamic(() => import("@/features/log/log-viewer").then((module) => module.LogViewer), {
  ssr: false,
  loading: () => <Skeleton className={LOG_SIZE} />,
});

export function DeploymentPage({ deploymentId }: { deploymentId: string }) {
  const trpc = useTRPC();
  const { data, problem, retry } = useLive(trpc.deployment.watch.subscriptionOptions({ deploymentId }));
  useTeamOf(data?.teamId);
  if (data?.kind === "delete" && problem?.code === "not_found") {
    return (
      <Page title="Deleted" isWide>
        <Crumbs items={[{ label: "Apps", href: "/apps" }, { label: "Deleted" }]} />
        <Empty title={`${data.appName}, ${data.environmentName} is gone`}>
          Everything of it was removed, its history included. The audit keeps who did it.
        </Empty>
      </Page>
    );
  }
  if (data) return <Known deployment={data} />;
  return (
    <Page title={problem ? "Deployment" : <Skeleton className="h-6 w-72" />} isWide>
      <Crumbs items={[{ label: "Apps", href: "/apps" }, { label: "Deployment" }]} />
      {problem?.code === "not_found" ? (
        <NotThere what="deployment" />
      ) : problem ? (
        <ProblemCard title="This deployment could not be read" problem={problem} onRetry={retry} />
      ) : (
        <div className="grid gap-4 lg:grid-cols-[280px_minmax(0,1fr)]" aria-busy="true">
          <Skeleton className="h-[340px]" />
          <Skeleton className={LOG_SIZE} />
        </div>
      )}
    </Page>
  );
}

function Known({ deployment }: { deployment: DeploymentDetail }) {
  const { apps } = useSession();
  const title = deploymentTitle(deployment);
  const app = apps.data?.find((candidate) => candidate.id === deployment.appId);
  return (
    <Page
      isWide
      title={title}
      detail={<Facts deployment={deployment} />}
      actions={<DeploymentActions deployment={deployment} />}
    >
      <Crumbs
        title={title}
        items={[
          { label: "Apps", href: "/apps" },
          {
            label: deployment.appName,
            href: `/apps/${deployment.appId}`,
            siblings: apps.data?.map(({ id, name }) => ({ label: name, href: `/apps/${id}` })),
          },
          {
            label: `#${deployment.number}`,
            siblings: app?.environments.flatMap(({ name, lastDeployment }) =>
              lastDeployment && lastDeployment.id !== deployment.id
                ? [{ label: `Latest of ${name}, #${lastDeployment.number}`, href: `/deployments/${lastDeployment.id}` }]
                : [],
            ),
          },
        ]}
      />
      <OverallProgress deployment={deployment} />
      <FailureCard deployment={deployment} />
      <SupersededCard deployment={deployment} />
      {deployment.end && deployment.status === "cancelled" && <p className="text-muted">{deployment.end.message}</p>}
      <WaitingNote waiting={deployment.waiting} />
      <BakeCard deployment={deployment} />
      {warningsOf(deployment).length > 0 && <Warnings warnings={warningsOf(deployment)} />}
      <div className="grid items-start gap-4 lg:grid-cols-[280px_minmax(0,1fr)]">
        <Parts deployment={deployment} />
      </div>
    </Page>
  );
}

function Facts({ deployment }: { deployment: DeploymentDetail }) {
  const { commit, status } = deployment;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <DeploymentBadge deployment={deployment} />
      <span>
        <Link href={`/apps/${deployment.appId}`} className="font-medium text-foreground hover:underline">
          {deployment.appName}
        </Link>
        , {deployment.environmentName}
      </span>
      {commit && (
        <span className="flex items-center">
          <CopyButton text={commit.sha} label="Copy the commit" className="-ml-1">
            {shortSha(commit.sha)}
          </CopyButton>
          {commit.author && <>by {commit.author}</>}
        </span>
      )}
      {deployment.ref && deployment.ref !== commit?.sha && <span className="font-mono text-xs">{deployment.ref}</span>}
      <span>
        {deployment.kind === "rollback" ? "Rollback by" : "Asked for by"} {deployment.actorName}, {deployment.trigger}
      </span>
      <RelativeTime at={deployment.queuedAt} />
      {deployment.startedAt && (
        <span className="tabular-nums">
          <Duration from={deployment.startedAt} to={deployment.endedAt} className="text-foreground" />
        </span>
      )}
      {status === "running" && <RemainingTime deployment={deployment} />}
    </div>
  );
}

/** What went wrong although it succeeded; lost requests first. */
const warningsOf = ({ proof, warnings }: DeploymentDetail): string[] =>
  proof && lostRequests(proof) > 0 ? [describeLoss(proof), ...warnings] : warnings;

function Warnings({ warnings }: { warnings: string[] }) {
  return (
    <ul className="flex flex-col gap-1 rounded-md border border-attention bg-attention-ground px-3 py-2">
      {warnings.map((warning) => (
        <li key={warning} className="flex items-start gap-2 text-sm">
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-attention" aria-hidden="true" />
          {warning}
        </li>
      ))}
    </ul>
  );
}

function Parts({ deployment }: { deployment: DeploymentDetail }) {
  const log = useDeploymentLog(deployment.id);
  const [tab, setTab] = useState("log");
  const [target, setTarget] = useState<{ step: string } | null>(null);
  const isWaiting = deployment.status === "queued";
  useEffect(() => {
    const onHash = () => parseLineRange(window.location.hash) && setTab("log");
    window.addEventListener("hashchange", onHash);
    return () => window.removeEventListener("hashchange", onHash);
  }, []);
  const chooseStep = (step: string) => {
    setTab("log");
    setTarget({ step });
  };
  return (
    <>
      <Steps deployment={deployment} onChoose={chooseStep} />
      <Tabs value={tab} onValueChange={setTab} className="min-w-0">
        <TabsList aria-label="About this deployment">
          <TabsTrigger value="log">Log</TabsTrigger>
          <TabsTrigger value="plan">Plan</TabsTrigger>
          <TabsTrigger value="proof">Proof</TabsTrigger>
        </TabsList>
        <TabsContent value="log">
          {log.problem ? (
            <ProblemCard title="The log could not be read" problem={log.problem} onRetry={log.retry} />
          ) : (
            <LogViewer
              store={log.store}
              startedAt={deployment.startedAt}
              name={`${deployment.appName}-${deployment.number}`}
              target={target}
              emptyText={
                isWaiting
                  ? "The log begins when a worker takes this deployment."
                  : deployment.endedAt
                    ? "Nothing was written."
                    : "Waiting for the first line."
              }
            />
          )}
        </TabsContent>
        <TabsContent value="plan">
          {deployment.plan ? (
            <PlanView plan={deployment.plan} />
          ) : (
            <Empty title="No plan yet">
              The plan says what changes against the live release. It is made once the source is known
              {deployment.endedAt ? "; this deployment ended before." : "."}
            </Empty>
          )}
        </TabsContent>
        <TabsContent value="proof">
          {deployment.proof ? (
            <ProofView proof={deployment.proof} />
          ) : (
            <Empty title="No proof yet">
              When the traffic moves to the new release, Windlass sends probes through the router and the router counts
              every request. The figures stand here afterwards
              {deployment.endedAt ? "; this deployment ended before its traffic moved." : "."}
            </Empty>
          )}
        </TabsContent>
      </Tabs>
    </>
  );
}
