import type { DeploymentDetail } from "@windlass/api";
import { Hourglass } from "lucide-react";
import Link from "next/link";

/** Where a deployment stands in the line, and what it waits for. Changes are read out. */
export function WaitingNote({ waiting }: { waiting: DeploymentDetail["waiting"] }) {
  return (
    <div role="status">
      {waiting && (
        <p className="flex items-start gap-2 rounded-md border border-border bg-waiting-ground px-3 py-2 text-sm">
          <Hourglass className="mt-0.5 size-4 shrink-0 text-waiting" aria-hidden="true" />
          <span>
            {waiting.text}{" "}
            {waiting.behind && (
              <Link href={`/deployments/${waiting.behind.deploymentId}`} className="font-medium underline">
                See #{waiting.behind.number}
              </Link>
            )}
          </span>
        </p>
      )}
    </div>
  );
}
