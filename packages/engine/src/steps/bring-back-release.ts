import type { StartedInstance } from "@windlass/domain";
import { checkInstance } from "../health/check-instance.ts";
import { hostOf } from "../health/host-of.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { RollbackRequest } from "./deploy-request.ts";
import { startRelease } from "./start-release.ts";

/** Takes the release's instances as they run when they stayed warm and still answer; starts the others beside the live ones. */
export async function bringBackRelease(
  ports: EnginePorts,
  request: RollbackRequest,
  context: EffectContext,
): Promise<{ instances: StartedInstance[]; wasWarm: boolean }> {
  const looked = await Promise.all(request.warm.map((instance) => findWell(ports, request, instance, context)));
  const warm = looked.filter((instance) => instance !== null).slice(0, request.ordinals.length);
  const taken = new Set(warm.map(({ ordinal }) => ordinal));
  const missing = request.ordinals.length - warm.length;
  // Lowest first; one that stayed warm may have any ordinal.
  const ordinals = Array.from({ length: request.ordinals.length + warm.length }, (_, index) => index + 1)
    .filter((ordinal) => !taken.has(ordinal))
    .slice(0, missing);
  const started = missing > 0 ? await startRelease(ports, { ...request, ordinals }, request.artifact, context) : [];
  const instances = [...warm, ...started].sort((a, b) => a.ordinal - b.ordinal);
  return { instances, wasWarm: missing === 0 };
}

/** One that does not answer is stopped: whoever is started in its place has its name. */
async function findWell(
  { runtime, history, examiner }: EnginePorts,
  request: RollbackRequest,
  instance: StartedInstance,
  context: EffectContext,
): Promise<StartedInstance | null> {
  const { name } = instance;
  const { config } = request;
  const result = await checkInstance(examiner, {
    instance,
    check: config.health,
    host: hostOf(request, instance),
    runningMs: Number.POSITIVE_INFINITY,
    signal: context.signal,
  });
  context.signal.throwIfAborted();
  if (result.isHealthy) {
    await context.log("system", `${name} stayed warm and answers: nothing has to start`);
    return instance;
  }
  await context.log("system", `${name} stayed warm but does not answer (${result.seen}): it starts anew`);
  await runtime.stop(name, config.stopSeconds);
  await history.retired(name);
  return null;
}
