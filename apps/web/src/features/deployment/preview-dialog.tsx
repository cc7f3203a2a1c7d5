"use client";

import { useQuery } from "@tanstack/react-query";
import { Rocket } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Skeleton } from "@/components/ui/skeleton";
import type { EnvironmentSummary } from "@/features/app/shapes";
import { ProblemCard } from "@/features/shell/problem-card";
import { formatDuration } from "@/features/time/duration";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { ChangesCard, CommitsCard } from "./plan-view";

interface Props {
  environment: EnvironmentSummary;
  /** What it deploys, in words */
  what: string;
  isOpen: boolean;
  onOpenChange: () => void;
  onDeploy: () => void;
}

/** What deploying would change against what is live, before it is done. */
export function PreviewDialog({ isOpen, onOpenChange, ...rest }: Props) {
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      {isOpen && (
        <DialogContent title={`Deploy to ${rest.environment.name}`} description={rest.what}>
          <Inside {...rest} />
        </DialogContent>
      )}
    </Dialog>
  );
}

function Inside({ environment, onDeploy }: Omit<Props, "isOpen" | "onOpenChange" | "what">) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(
    trpc.deployment.preview.queryOptions({ environmentId: environment.id }, { staleTime: 0 }),
  );
  return (
    <>
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-4 text-sm">
        {error ? (
          <ProblemCard
            title="The changes could not be read"
            problem={problemOf(error)}
            onRetry={() => void refetch()}
          />
        ) : !data ? (
          <Skeleton className="h-32" />
        ) : (
          <>
            <Commits environmentId={environment.id} />
            {data.from ? (
              <ChangesCard config={data.config} variables={data.variables} />
            ) : (
              <p>The first release of this environment: all settings and variables are new to it.</p>
            )}
            {data.startsAgain && <p>{environment.name} is stopped. It runs again once the new release is healthy.</p>}
            {data.ahead > 0 && <p>{data.ahead} of this environment come before it.</p>}
            {data.estimateMs !== null && (
              <p className="text-muted">Earlier ones took about {formatDuration(data.estimateMs)}.</p>
            )}
          </>
        )}
      </div>
      <div className="flex justify-end border-border border-t p-4">
        <Button variant="primary" onClick={onDeploy}>
          <Rocket aria-hidden="true" />
          Deploy
        </Button>
      </div>
    </>
  );
}

/** Asked of the repository by a worker: the rest does not wait for it. */
function Commits({ environmentId }: { environmentId: string }) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(
    trpc.deployment.previewCommits.queryOptions({ environmentId }, { staleTime: 0, retry: false }),
  );
  if (!data && !error) return <Skeleton className="h-24" />;
  if (data?.ok) return <CommitsCard range={data} />;
  const problem = data ? { ...data, evidence: [] } : problemOf(error);
  return <ProblemCard title="The commits could not be read" problem={problem} onRetry={() => void refetch()} />;
}
