import type { DrainResult } from "@windlass/domain";
import type { EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/**
 * Lets what a target has under way end, within the limits that are set: requests finish, WebSockets and event streams
 * are asked to come again after their grace. The target must not be the one that serves.
 */
export function drainTarget(
  { router }: Pick<EnginePorts, "router">,
  { labels, fencingToken, config }: ReleaseRequest,
  targetId: string,
  signal: AbortSignal,
): Promise<DrainResult> {
  const timeoutMs = config.drainSeconds * 1000;
  const streamGraceMs = config.webSocketGraceSeconds * 1000;
  return router.drain(
    { service: labels.environmentId, token: fencingToken, targetId, timeoutMs, streamGraceMs },
    signal,
  );
}

/** What a drain did, as a line of the deployment's log. */
export function describeDrain({ drained, closed, cutOff, waitedMs }: DrainResult): string {
  const away = closed > 0 ? `, asked ${closed} WebSockets and event streams to come again` : "";
  return `Drained ${drained} open requests in ${Math.round(waitedMs)} ms${away}, cut off ${cutOff}`;
}
