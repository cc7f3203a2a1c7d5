"use client";

import type { DeploymentDetail } from "@windlass/api";
import { ArrowUpRight, Ban, RotateCcw, Undo2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { RollbackSheet } from "@/features/release/rollback-sheet";
import { useCan } from "@/features/session/team-context";
import { useCancel, useRedeploy } from "./use-deployment-actions";

export function DeploymentActions({ deployment }: { deployment: DeploymentDetail }) {
  const can = useCan();
  const { cancel, isPending: isCancelling } = useCancel();
  const { redeploy, isPending: isRedeploying } = useRedeploy();
  const [isRollingBack, setIsRollingBack] = useState(false);
  const mayDeploy = can("deployment", "create");
  return (
    <>
      {deployment.canCancel && can("deployment", "cancel") && (
        <Button
          variant="danger"
          disabled={isCancelling || deployment.cancelRequestedAt !== null}
          onClick={() => cancel(deployment.id)}
        >
          <Ban aria-hidden="true" />
          {deployment.cancelRequestedAt ? "Cancelling" : "Cancel deployment"}
        </Button>
      )}
      {deployment.canRedeploy && mayDeploy && (
        <Button data-key="d" disabled={isRedeploying} onClick={() => redeploy(deployment.id)}>
          <RotateCcw aria-hidden="true" />
          Redeploy
        </Button>
      )}
      {deployment.canRollBackToThis && mayDeploy && deployment.releaseId && (
        <>
          <Button onClick={() => setIsRollingBack(true)}>
            <Undo2 aria-hidden="true" />
            Roll back to this
          </Button>
          <RollbackSheet
            environmentId={deployment.environmentId}
            releaseId={deployment.releaseId}
            isOpen={isRollingBack}
            onOpenChange={setIsRollingBack}
          />
        </>
      )}
      {deployment.url && deployment.isLive && (
        <Button asChild variant="primary">
          <a href={deployment.url} target="_blank" rel="noopener">
            <ArrowUpRight aria-hidden="true" />
            Open app
          </a>
        </Button>
      )}
    </>
  );
}
