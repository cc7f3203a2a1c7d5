import type { SwitchProof } from "@windlass/domain";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { formatDuration } from "@/features/time/duration";

/** What the router counted while the traffic moved. */
export function ProofView({ proof }: { proof: SwitchProof }) {
  const isClean = proof.failures === 0 && proof.cutOff === 0;
  const figures: [string, string, string][] = [
    ["Switch", formatDuration(proof.switchMs), "from the command until it was in force and on disk"],
    ["Requests", proof.requests.toLocaleString("en"), "came while the traffic moved and the old release drained"],
    ["Failures", proof.failures.toLocaleString("en"), "of them got no answer from the app"],
    ["Cut off", proof.cutOff.toLocaleString("en"), "were still open when the drain limit was reached"],
  ];
  return (
    <div className="flex flex-col gap-4">
      <p className={`flex items-center gap-1.5 text-sm ${isClean ? "text-live" : "text-attention"}`}>
        {isClean ? (
          <CircleCheck className="size-4 shrink-0" aria-hidden="true" />
        ) : (
          <TriangleAlert className="size-4 shrink-0" aria-hidden="true" />
        )}
        {isClean ? "No request failed while the traffic moved." : "Some requests failed or were cut off."}
      </p>
      <dl className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
        {figures.map(([name, value, meaning]) => (
          <div key={name} className="flex flex-col gap-1 rounded-md border border-border bg-raised p-4">
            <dt className="text-muted text-sm">{name}</dt>
            <dd>
              <span className="block font-semibold text-lg tabular-nums">{value}</span>
              <span className="text-muted text-xs">{meaning}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
