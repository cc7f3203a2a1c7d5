import type { CleanUpOut } from "@windlass/api";
import { showBytes } from "@windlass/domain";
import { CircleCheck, CircleDashed, LoaderCircle } from "lucide-react";
import { Card, CardTitle } from "@/components/ui/card";
import { Badge } from "@/features/deployment/state-badge";
import { RelativeTime } from "@/features/time/times";
import { count } from "./words";

/** Clean-ups that people asked for: what went, and what stayed and why. */
export function CleanUpList({ server, cleanUps }: { server: string; cleanUps: readonly CleanUpOut[] }) {
  return (
    <Card className="flex flex-col" aria-label={`Clean-ups on ${server}`}>
      <CardTitle className="px-4 py-3">Clean-ups</CardTitle>
      <ul className="divide-y divide-border border-border border-t" aria-live="polite">
        {cleanUps.map((cleanUp) => (
          <li key={cleanUp.id} className="flex flex-col gap-1 px-4 py-3 text-sm">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <State status={cleanUp.status} />
              <span className="min-w-0 flex-1 basis-48 break-words">{tell(cleanUp)}</span>
              <RelativeTime at={cleanUp.endedAt ?? cleanUp.askedAt} className="text-muted text-xs" />
            </div>
            {cleanUp.kept.map(({ key, name, kept }) => (
              <p key={key} className="break-words text-muted text-xs">
                {name} stayed: {kept}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function tell({ status, actorName, asked, removed, freedBytes }: CleanUpOut): string {
  if (status !== "ended") return `${actorName} asked for ${count(asked, "thing")} to be removed.`;
  if (removed === 0) return `${actorName} asked for ${count(asked, "thing")} to be removed; nothing went.`;
  return `${actorName} had ${removed === asked ? "" : `${removed} of `}${count(asked, "thing")} removed: ${showBytes(freedBytes)} freed.`;
}

function State({ status }: { status: CleanUpOut["status"] }) {
  switch (status) {
    case "waiting":
      return (
        <Badge tone="waiting" icon={CircleDashed}>
          Waiting
        </Badge>
      );
    case "running":
      return (
        <Badge tone="working" icon={LoaderCircle} isMoving>
          Removing
        </Badge>
      );
    case "ended":
      return (
        <Badge tone="live" icon={CircleCheck}>
          Done
        </Badge>
      );
  }
}
