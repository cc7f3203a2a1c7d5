import type { StartedInstance } from "@windlass/domain";
import { probe } from "../health/probe.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { RollbackRequest } from "./deploy-request.ts";
import { startRelease } from "./start-release.ts";

/** Takes the release as it runs when it stayed warm and still answers; starts it beside the live one otherwise. */
export async function bringBackRelease(
  ports: EnginePorts,
  request: RollbackRequest,
  context: EffectContext,
): Promise<StartedInstance & { wasWarm: boolean }> {
  const { warm, config } = request;
  const startAnew = async () => ({
    ...(await startRelease(ports, request, request.artifact, context)),
    wasWarm: false,
  });
  if (!warm) return startAnew();
  const result = await probe(warm.address, config.health, context.signal);
  context.signal.throwIfAborted();
  if (result.isHealthy) {
    await context.log("system", `${warm.name} stayed warm and answers: nothing has to start`);
    return { ...warm, wasWarm: true };
  }
  await context.log("system", `${warm.name} stayed warm but does not answer (${result.seen}): it starts anew`);
  await ports.runtime.stop(warm.name, config.stopSeconds);
  await ports.history.retired(warm.name);
  return startAnew();
}
