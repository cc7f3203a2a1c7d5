import type { DrainResult, ProbeSummary, SwitchProof, TargetCounts } from "@windlass/domain";
import type { Switched } from "./switch-traffic.ts";

/**
 * What the switch did to the traffic: the new release's users since it took over, those of the old one since it was left,
 * and the probes. A router that was restarted in between has forgotten what it counted before; it is not counted twice.
 */
export function proveSwitch(
  { switchMs, previousTargetId, countsBefore }: Switched,
  counts: readonly TargetCounts[],
  seen: { targetId: string; drained: DrainResult; probe: ProbeSummary | null },
): SwitchProof {
  const { targetId, drained, probe } = seen;
  const now = counts.find((candidate) => candidate.targetId === targetId);
  const old = counts.find((candidate) => candidate.targetId === previousTargetId);
  const sum = (name: "requests" | "unanswered" | "serverErrors"): number =>
    (now?.[name] ?? 0) + Math.max(0, (old?.[name] ?? 0) - (countsBefore?.[name] ?? 0));
  return {
    switchMs,
    requests: sum("requests"),
    failures: sum("unanswered"),
    serverErrors: sum("serverErrors"),
    cutOff: drained.cutOff,
    closed: drained.closed,
    drainMs: drained.waitedMs,
    probe,
  };
}
