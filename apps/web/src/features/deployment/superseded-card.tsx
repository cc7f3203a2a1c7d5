"use client";

import type { DeploymentDetail } from "@windlass/api";
import { Ban } from "lucide-react";
import Link from "next/link";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Dialog, DialogClose, DialogContent, DialogTrigger } from "@/components/ui/dialog";
import { useCan } from "@/features/session/team-context";
import { shortSha } from "./deployment-title";
import { useRedeploy } from "./use-deployment-actions";

/** What took a deployment's place, or why there was nothing newer to deploy; and the way to insist. */
export function SupersededCard({ deployment }: { deployment: DeploymentDetail }) {
  const { end, status } = deployment;
  const can = useCan();
  if (!end || status !== "superseded") return null;
  return (
    <Card className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 text-sm">
      <p className="flex min-w-0 flex-1 basis-80 items-start gap-2">
        <Ban className="mt-0.5 size-4 shrink-0 text-waiting" aria-hidden="true" />
        <span>{end.message}</span>
      </p>
      {end.replacedBy && (
        <Button asChild>
          <Link href={`/deployments/${end.replacedBy.deploymentId}`}>Go to #{end.replacedBy.number}</Link>
        </Button>
      )}
      {deployment.canDeployOlder && can("deployment", "create") && <DeployOlder deployment={deployment} />}
    </Card>
  );
}

function DeployOlder({ deployment }: { deployment: DeploymentDetail }) {
  const { redeploy, isPending } = useRedeploy();
  const sha = shortSha(deployment.commit?.sha ?? "");
  return (
    <Dialog>
      <DialogTrigger asChild>
        <Button>Deploy the older commit…</Button>
      </DialogTrigger>
      <DialogContent title={`Deploy ${sha} on purpose`} className="flex flex-col">
        <div className="flex flex-col gap-3 p-4 text-sm">
          <p>
            The live release is newer and contains this commit. Deploying it takes every change after it out of{" "}
            {deployment.environmentName}. It is built again, with the settings and variables of today.
          </p>
          <p className="text-muted">
            Nothing is lost in the repository: deploy the branch again to bring the changes back. To go back as quickly
            as possible, with the settings and variables of that time, roll back instead.
          </p>
          <div className="flex flex-wrap justify-end gap-2">
            <DialogClose asChild>
              <Button>Keep what is live</Button>
            </DialogClose>
            <Button variant="danger" disabled={isPending} onClick={() => redeploy(deployment.id, { allowOlder: true })}>
              Deploy {sha}
            </Button>
          </div>
        </div>
      </DialogContent>
    </Dialog>
  );
}
