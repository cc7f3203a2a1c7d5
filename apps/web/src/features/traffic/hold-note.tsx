"use client";

import { useMutation } from "@tanstack/react-query";
import type { EnvironmentSummary } from "@windlass/api";
import { CirclePause, Construction, LoaderCircle } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { useCan } from "@/features/session/team-context";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { HoldSheet } from "./hold-sheet";

type Held = Pick<EnvironmentSummary, "id" | "name" | "hold" | "isHoldWaiting">;

/** Offers to keep visitors out, where nothing does yet. */
export function HoldButton({ environment }: { environment: Held }) {
  const [isOpen, setIsOpen] = useState(false);
  if (environment.hold) return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <CirclePause aria-hidden="true" />
        Hold traffic
      </Button>
      <HoldSheet environment={environment} isOpen={isOpen} onOpenChange={setIsOpen} />
    </>
  );
}

/** Says that visitors are kept out, by whom and since when, and lets them in again. */
export function HoldNote({ environment, title }: { environment: Held; title?: string }) {
  const trpc = useTRPC();
  const can = useCan();
  const [isOpen, setIsOpen] = useState(false);
  const release = useMutation(
    trpc.environment.hold.mutationOptions({ onError: (error) => void toast.error(problemOf(error).message) }),
  );
  const { hold, isHoldWaiting } = environment;
  if (!hold) return isHoldWaiting ? <Waiting text="The router is told to let requests through." /> : null;
  const isPaused = hold.hold.kind === "paused";
  const Icon = isPaused ? CirclePause : Construction;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-border border-t bg-attention-ground px-4 py-2 text-sm first:border-t-0">
      <Icon className="size-4 shrink-0 text-attention" aria-hidden="true" />
      <p className="min-w-0 flex-1 basis-56">
        {title && <span className="font-medium">{title}: </span>}
        {hold.hold.kind === "paused"
          ? `Paused: requests wait for up to ${hold.hold.maxSeconds} s. `
          : `Maintenance: visitors see “${hold.hold.notice.title}”. `}
        <span className="text-muted">
          {hold.heldBy}, <RelativeTime at={hold.heldAt} />
          {isHoldWaiting && ". The router is being told"}
        </span>
      </p>
      {can("environment", "update") && (
        <span className="flex gap-2">
          <Button onClick={() => setIsOpen(true)}>Change</Button>
          <Button
            variant="primary"
            disabled={release.isPending}
            onClick={() => release.mutate({ environmentId: environment.id, hold: null })}
          >
            {isPaused ? "Resume" : "Let visitors in"}
          </Button>
        </span>
      )}
      <HoldSheet environment={environment} isOpen={isOpen} onOpenChange={setIsOpen} />
    </div>
  );
}

function Waiting({ text }: { text: string }) {
  return (
    <p className="flex items-center gap-2 border-border border-t px-4 py-2 text-muted text-sm">
      <LoaderCircle className="size-4 shrink-0 animate-spin" aria-hidden="true" />
      {text}
    </p>
  );
}
