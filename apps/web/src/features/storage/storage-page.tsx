"use client";

import { useMutation } from "@tanstack/react-query";
import type { StorageOut } from "@windlass/api";
import { RefreshCw } from "lucide-react";
import { useEffect, useRef } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Skeleton } from "@/components/ui/skeleton";
import { useSession } from "@/features/session/team-context";
import { Crumbs } from "@/features/shell/crumbs";
import { Empty } from "@/features/shell/empty";
import { Page } from "@/features/shell/page";
import { ProblemCard } from "@/features/shell/problem-card";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { useLive } from "@/trpc/use-live";
import { CleanUpList } from "./clean-up-list";
import { DiskBar } from "./disk-bar";
import { DryRun } from "./dry-run";
import { HeldTable } from "./held-table";

/** Older than this, a picture is taken anew when somebody opens the page. */
const FRESH_MS = 10_000;

export function StoragePage() {
  const { me } = useSession();
  if (me.user.isAdministrator) return <ForAdministrators />;
  return (
    <Page title="Storage">
      <Crumbs items={[{ label: "Storage" }]} />
      <Empty title="Only for administrators">
        The disks are everybody's. Ask an administrator of this Windlass to look at them or to clean up.
      </Empty>
    </Page>
  );
}

function ForAdministrators() {
  const trpc = useTRPC();
  const { data, problem, retry } = useLive(trpc.storage.watch.subscriptionOptions());
  const { mutate: look } = useMutation(
    trpc.storage.look.mutationOptions({ onError: (error) => void toast.error(problemOf(error).message) }),
  );
  const oldest = data?.servers.map(({ takenAt }) => takenAt.getTime()).sort((a, b) => a - b)[0];
  const hasAsked = useRef(false);
  useEffect(() => {
    if (oldest === undefined || hasAsked.current) return;
    hasAsked.current = true;
    if (Date.now() - oldest > FRESH_MS) look();
  }, [oldest, look]);
  // One without a worker never answers.
  const reached = data?.servers.filter(({ hasWorker }) => hasWorker) ?? [];
  const isLooking = reached.some((server) => server.isLooking);
  return (
    <Page
      title="Storage"
      detail="What Windlass has on the disks, and what of it can go."
      actions={
        reached.length > 0 && (
          <Button onClick={() => look()} disabled={isLooking}>
            <RefreshCw className={cn(isLooking && "animate-spin")} aria-hidden="true" />
            {isLooking ? "Looking" : "Look again"}
          </Button>
        )
      }
    >
      <Crumbs items={[{ label: "Storage" }]} />
      {problem && <ProblemCard title="The storage could not be read" problem={problem} onRetry={retry} />}
      {data ? <Servers servers={data.servers} /> : !problem && <Loading />}
    </Page>
  );
}

function Loading() {
  return (
    <div className="flex flex-col gap-4" aria-busy="true">
      <Skeleton className="h-36" />
      <Skeleton className="h-48" />
      <Skeleton className="h-64" />
    </div>
  );
}

function Servers({ servers }: StorageOut) {
  if (servers.length === 0) {
    return (
      <Empty title="No server has been looked at yet">
        A worker tells what its disks hold as soon as it runs. If this stays, check that the worker is up.
      </Empty>
    );
  }
  return (
    <div className="flex flex-col gap-8">
      {servers.map((server) => (
        <section key={server.server} aria-label={server.server} className="flex flex-col gap-4">
          <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
            <h2 className="min-w-0 break-all font-semibold text-base">{server.server}</h2>
            <p className="text-muted text-xs">
              Looked at <RelativeTime at={server.takenAt} />
            </p>
          </div>
          {!server.hasWorker && (
            <p role="status" className="rounded-md border border-attention bg-attention-ground px-4 py-3 text-sm">
              No worker of this server is connected, so nothing can be looked at or removed now. Start it.
            </p>
          )}
          {server.picture.disks.map((disk) => (
            <DiskBar key={disk.path} server={server.server} disk={disk} held={server.picture.held} />
          ))}
          {server.picture.held.length > 0 && (
            <Card aria-label={`What Windlass has on ${server.server}`}>
              <CardTitle className="px-4 py-3">What Windlass has</CardTitle>
              <div className="overflow-x-auto border-border border-t">
                <HeldTable held={server.picture.held} />
              </div>
            </Card>
          )}
          <DryRun server={server} />
          {server.cleanUps.length > 0 && <CleanUpList server={server.server} cleanUps={server.cleanUps} />}
        </section>
      ))}
    </div>
  );
}
