import type { StartedInstance } from "@windlass/domain";
import { awaitInstance, type HealthyInstance } from "../health/await-instance.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** What the gate saw of instances that are well. */
export interface Healthy {
  checks: number;
  waitedMs: number;
  /** By the instance's name: how often it had been restarted by then */
  restarts: Record<string, number>;
}

/**
 * Resolves when every instance is well: the first, and when that is, the rest at once. Rejects with unhealthy, the cause
 * and what was seen as soon as one is given up.
 */
export async function awaitHealthy(
  ports: EnginePorts,
  request: ReleaseRequest,
  [first, ...rest]: StartedInstance[],
  context: EffectContext,
  { wasWarm = false, hasServed = false } = {},
): Promise<Healthy> {
  if (!first) return { checks: 0, waitedMs: 0, restarts: {} };
  const seen: [string, HealthyInstance][] = [
    [first.name, await awaitInstance(ports, request, first, context, { wasWarm, hasServed })],
  ];
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  let failure: { error: unknown } | undefined;
  await Promise.all(
    rest.map(async (instance) => {
      try {
        seen.push([
          instance.name,
          await awaitInstance(ports, request, instance, { ...context, signal }, { wasWarm, hasServed }),
        ]);
      } catch (error) {
        failure ??= { error };
        failed.abort(error);
      }
    }),
  );
  if (failure) throw failure.error;
  return {
    checks: seen.reduce((sum, [, { checks }]) => sum + checks, 0),
    waitedMs: Math.max(...seen.map(([, { waitedMs }]) => waitedMs)),
    restarts: Object.fromEntries(seen.map(([name, { restarts }]) => [name, restarts])),
  };
}
