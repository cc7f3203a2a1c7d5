"use client";

import type { BakeOut, DeploymentDetail } from "@windlass/api";
import { CircleCheck, Eye, type LucideIcon, Undo2 } from "lucide-react";
import Link from "next/link";
import { Button } from "@/components/ui/button";
import { useCan } from "@/features/session/team-context";
import { Duration } from "@/features/time/times";
import { Badge, type Tone } from "./state-badge";
import { useKeepRelease } from "./use-deployment-actions";

const STATES: Record<BakeOut["state"], { tone: Tone; icon: LucideIcon; word: string }> = {
  watching: { tone: "working", icon: Eye, word: "Being watched" },
  reverting: { tone: "attention", icon: Undo2, word: "Going back" },
  reverted: { tone: "attention", icon: Undo2, word: "Turned back" },
  passed: { tone: "live", icon: CircleCheck, word: "Proved itself" },
  kept: { tone: "live", icon: CircleCheck, word: "Kept" },
  ended: { tone: "waiting", icon: Eye, word: "No longer watched" },
};

/** The watch over a new release after its switch: how it does against the one before, and how it ended. */
export function BakeCard({ deployment }: { deployment: DeploymentDetail }) {
  const can = useCan();
  const { keep, isPending } = useKeepRelease();
  const { bake, revertOf } = deployment;
  if (revertOf) {
    return (
      <p className="rounded-md border border-attention bg-attention-ground px-4 py-3 text-sm">
        This rollback was asked for by the watch over{" "}
        <Link href={`/deployments/${revertOf.deploymentId}`} className="font-medium underline">
          deployment #{revertOf.number}
        </Link>
        . {revertOf.reason}
      </p>
    );
  }
  if (!bake) return null;
  const { tone, icon, word } = STATES[bake.state];
  const isWatching = bake.state === "watching";
  return (
    <section
      aria-label="After the switch"
      className="flex flex-col gap-3 rounded-md border border-border bg-raised p-4"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="font-semibold text-sm">After the switch</h2>
        <Badge tone={tone} icon={icon}>
          {word}
        </Badge>
        {isWatching && (
          <span className="text-muted text-sm tabular-nums">
            <Duration from={bake.startedAt} to={null} className="text-foreground" /> of{" "}
            {Math.round((bake.endsAt.getTime() - bake.startedAt.getTime()) / 60_000)} min
          </span>
        )}
        {bake.revertId && (
          <Link href={`/deployments/${bake.revertId}`} className="font-medium text-sm underline">
            See the rollback
          </Link>
        )}
        {isWatching && can("deployment", "create") && (
          <Button className="ml-auto" disabled={isPending} onClick={() => keep(deployment.id)}>
            <CircleCheck aria-hidden="true" />
            Keep this release
          </Button>
        )}
      </div>
      <p className="text-muted text-sm">
        {isWatching
          ? "Crashes, failing checks or a jump in errors or in waiting times bring the release before back."
          : bake.reason}
      </p>
      <Figures bake={bake} />
    </section>
  );
}

function Figures({ bake: { now, before, restarts, lastProbe } }: { bake: BakeOut }) {
  const share = (of: BakeOut["now"]) =>
    of && of.requests > 0 ? `${((100 * of.errors) / of.requests).toFixed(1)} %` : "–";
  const wait = (of: BakeOut["now"]) => (of && of.requests > 0 ? `${Math.round(of.p95Ms)} ms` : "–");
  const figures: [string, string, string][] = [
    ["Requests", now ? now.requests.toLocaleString("en") : "–", now ? `in the last ${now.seconds} s` : "none counted"],
    ["Failed", share(now), `${share(before)} before`],
    ["Slowest in twenty", wait(now), `${wait(before)} before`],
    ["Restarts", String(restarts), lastProbe ? `Last check: ${lastProbe}` : "not checked yet"],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {figures.map(([name, value, meaning]) => (
        <div key={name} className="flex min-w-0 flex-col">
          <dt className="text-muted text-xs">{name}</dt>
          <dd>
            <span className="block font-semibold tabular-nums">{value}</span>
            <span className="block break-words text-muted text-xs">{meaning}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
