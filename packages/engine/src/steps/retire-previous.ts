import type { StartedInstance } from "@windlass/domain";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Lets the old release's open requests end, keeps it warm or stops it, and writes down what the switch did to the traffic. */
export async function retirePrevious(
  { router, runtime, history, record }: EnginePorts,
  request: ReleaseRequest,
  { switchMs }: { switchMs: number },
  current: StartedInstance,
  context: EffectContext,
): Promise<void> {
  const service = request.labels.environmentId;
  const before = request.live?.instance.name === current.name ? null : request.live;
  let cutOff = 0;
  if (before) {
    const timeoutMs = request.config.drainSeconds * 1000;
    const command = { service, token: request.fencingToken, targetId: before.instance.name, timeoutMs };
    const drained = await router.drain(command, context.signal);
    cutOff = drained.cutOff;
    await context.log(
      "system",
      `Drained ${drained.drained} open requests in ${Math.round(drained.waitedMs)} ms, cut off ${cutOff}`,
    );
    const { name } = before.instance;
    const warmUntil = await history.keepWarm([name]);
    if (warmUntil) {
      await context.log("system", `${name} stays warm for a rollback until ${warmUntil.toISOString()}`);
    } else {
      await runtime.stop(name, before.config.stopSeconds);
      await history.retired(name);
      await context.log("system", `Stopped ${name}`);
    }
  }
  const state = (await router.table()).services.find((candidate) => candidate.service === service);
  const counts = state?.counts.find((candidate) => candidate.targetId === current.name);
  await record({ proof: { switchMs, requests: counts?.requests ?? 0, failures: counts?.unanswered ?? 0, cutOff } });
}
