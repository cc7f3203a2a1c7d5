import type { StartedInstance } from "@windlass/domain";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { describeDrain, drainTarget } from "./drain-target.ts";

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
    const drained = await drainTarget({ router }, request, before.instance.name, context.signal);
    cutOff = drained.cutOff;
    await context.log("system", describeDrain(drained));
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
