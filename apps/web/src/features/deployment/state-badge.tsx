import type { DeploymentSummary, EnvironmentState } from "@windlass/api";
import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleStop,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from "lucide-react";
import { cn } from "@/components/ui/cn";

export type Tone = "live" | "working" | "waiting" | "attention" | "failed";

const GROUNDS: Record<Tone, string> = {
  live: "bg-live-ground text-live",
  working: "bg-working-ground text-working",
  waiting: "bg-waiting-ground text-waiting",
  attention: "bg-attention-ground text-attention",
  failed: "bg-failed-ground text-failed",
};

/** A state: always a colour with an icon and a word. */
export function Badge(props: { tone: Tone; icon: LucideIcon; isMoving?: boolean; children: string }) {
  const { tone, icon: Icon, isMoving, children } = props;
  return (
    <span
      className={cn(
        "inline-flex h-6 shrink-0 items-center gap-1 whitespace-nowrap rounded-md px-1.5 font-medium text-xs",
        GROUNDS[tone],
      )}
    >
      <Icon className={cn("size-3.5", isMoving && "animate-spin")} aria-hidden="true" />
      {children}
    </span>
  );
}

type Judged = Pick<DeploymentSummary, "status" | "isLive" | "kind" | "cancelRequestedAt">;

const RUNNING: Record<DeploymentSummary["kind"], string> = {
  deploy: "Deploying",
  redeploy: "Deploying",
  rollback: "Rolling back",
  restart: "Restarting",
  scale: "Scaling",
  start: "Starting",
  stop: "Stopping",
  delete: "Deleting",
};

export function DeploymentBadge({ deployment }: { deployment: Judged }) {
  switch (deployment.status) {
    case "queued":
      return (
        <Badge tone="waiting" icon={CircleDashed}>
          Queued
        </Badge>
      );
    case "running":
      return (
        <Badge tone="working" icon={LoaderCircle} isMoving>
          {deployment.cancelRequestedAt ? "Cancelling" : RUNNING[deployment.kind]}
        </Badge>
      );
    case "succeeded":
      return deployment.isLive ? (
        <Badge tone="live" icon={CircleDot}>
          Live
        </Badge>
      ) : (
        <Badge tone="waiting" icon={CircleCheck}>
          Succeeded
        </Badge>
      );
    case "failed":
      return (
        <Badge tone="failed" icon={CircleX}>
          Failed
        </Badge>
      );
    case "cancelled":
      return (
        <Badge tone="waiting" icon={Ban}>
          Cancelled
        </Badge>
      );
    case "superseded":
      return (
        <Badge tone="waiting" icon={Ban}>
          Superseded
        </Badge>
      );
  }
}

export function EnvironmentBadge({ state }: { state: EnvironmentState }) {
  switch (state) {
    case "live":
      return (
        <Badge tone="live" icon={CircleDot}>
          Live
        </Badge>
      );
    case "deploying":
      return (
        <Badge tone="working" icon={LoaderCircle} isMoving>
          Deploying
        </Badge>
      );
    case "failed":
      return (
        <Badge tone="failed" icon={CircleAlert}>
          Last deployment failed
        </Badge>
      );
    case "empty":
      return (
        <Badge tone="waiting" icon={CircleDashed}>
          Not deployed
        </Badge>
      );
    case "stopped":
      return (
        <Badge tone="waiting" icon={CircleStop}>
          Stopped
        </Badge>
      );
    case "deleting":
      return (
        <Badge tone="working" icon={LoaderCircle} isMoving>
          Deleting
        </Badge>
      );
  }
}
