"use client";

import type { FindingOut } from "@windlass/api";
import { CircleAlert, CircleCheck, Eye, LoaderCircle } from "lucide-react";
import Link from "next/link";
import { ScrolledText } from "@/components/ui/scrolled-text";
import { Badge } from "@/features/deployment/state-badge";
import { RelativeTime } from "@/features/time/times";

/** What was found amiss and what was done about it. With `hasApp` each says where, and leads there. */
export function FindingList(props: { label: string; findings: FindingOut[]; hasApp?: boolean }) {
  const { label, findings, hasApp = false } = props;
  return (
    <ul aria-label={label} className="divide-y divide-border rounded-md border border-border bg-raised">
      {findings.map((finding) => (
        <FindingRow key={finding.id} finding={finding} hasApp={hasApp} />
      ))}
    </ul>
  );
}

function FindingRow({ finding, hasApp }: { finding: FindingOut; hasApp: boolean }) {
  const { seen, outcome, evidence, foundAt, endedAt } = finding;
  return (
    <li className="flex min-w-0 flex-col gap-1 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <FindingBadge finding={finding} />
        {hasApp && (
          <Link href={`/apps/${finding.appId}?tab=events`} className="font-medium hover:underline">
            {finding.appName}, {finding.environmentName}
          </Link>
        )}
        <RelativeTime at={endedAt ?? foundAt} className="ml-auto text-muted text-xs" />
      </div>
      <p className="break-words text-sm">{seen}</p>
      {outcome && <p className="break-words text-muted text-sm">{outcome}</p>}
      {evidence.length > 0 && (
        <details>
          <summary className="cursor-pointer text-muted text-xs">What was seen</summary>
          <ScrolledText text={evidence.join("\n")} className="mt-1" />
        </details>
      )}
    </li>
  );
}

function FindingBadge({ finding: { state } }: { finding: FindingOut }) {
  switch (state) {
    case "repairing":
      return (
        <Badge tone="working" icon={LoaderCircle} isMoving>
          Being repaired
        </Badge>
      );
    case "needs_you":
      return (
        <Badge tone="attention" icon={CircleAlert}>
          Needs you
        </Badge>
      );
    case "noted":
      return (
        <Badge tone="waiting" icon={Eye}>
          Noted
        </Badge>
      );
    case "repaired":
      return (
        <Badge tone="live" icon={CircleCheck}>
          Repaired
        </Badge>
      );
    case "gone":
      return (
        <Badge tone="waiting" icon={CircleCheck}>
          Over
        </Badge>
      );
  }
}
