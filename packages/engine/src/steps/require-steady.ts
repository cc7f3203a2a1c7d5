import type { StartedInstance } from "@windlass/domain";
import { awaitExit, exitsOf } from "../health/await-instance.ts";
import { explainUnhealthy } from "../health/explain-unhealthy.ts";
import { hostOf } from "../health/host-of.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { Healthy } from "./await-healthy.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

const SEEN = "it was well, and ended";

/** Rejects with unhealthy when an instance ended since it was well, even if it was started again. */
export async function requireSteady(
  ports: EnginePorts,
  request: ReleaseRequest,
  instances: StartedInstance[],
  healthy: Healthy,
  { signal }: EffectContext,
): Promise<void> {
  await Promise.all(
    instances.map(async (instance) => {
      const restartsBefore = healthy.restarts[instance.name] ?? 0;
      const state = await ports.runtime.inspect(instance.name);
      const exits = exitsOf(state, restartsBefore);
      if (state.state === "running" && exits === 0) return;
      const lastExit = state.state === "exited" ? state : await awaitExit(ports.runtime, instance.name, signal);
      const { checks, waitedMs } = healthy;
      const seen = { state, lastExit, exits, last: { isHealthy: false, seen: SEEN }, checks, waitedMs };
      throw await explainUnhealthy(ports, request, { instance, host: hostOf(request, instance), seen, signal });
    }),
  );
}
