import type { DrainResult, StartedInstance } from "@windlass/domain";
import type { EffectContext, EnginePorts, KeptRelease } from "../ports.ts";
import type { Prober } from "../router/prober.ts";
import { targetOf } from "../router/target-of.ts";
import { settleAll } from "../settle-all.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { describeDrain, drainTarget } from "./drain-target.ts";
import { proveSwitch } from "./prove-switch.ts";
import { removePastKept } from "./remove-past-kept.ts";
import type { Switched } from "./switch-traffic.ts";

/** What the switch left behind. */
export interface Left {
  switched: Switched;
  /** What serves now */
  instances: StartedInstance[];
  /** Releases that are kept no longer */
  past: readonly KeptRelease[];
  prober: Prober;
}

/** Lets the release before go, and meanwhile those that are kept no longer since this one came. */
export async function retirePrevious(
  ports: EnginePorts,
  request: ReleaseRequest,
  left: Left,
  context: EffectContext,
): Promise<void> {
  await settleAll([letGo(ports, request, left, context), removePastKept(ports, left.past, context)]);
}

/** Lets open requests of the target before end, keeps the release before warm or stops it, and writes down what the switch did to the traffic. */
async function letGo(
  { router, everywhere, history, record }: EnginePorts,
  request: ReleaseRequest,
  { switched, instances, prober }: Left,
  context: EffectContext,
): Promise<void> {
  const { previousTargetId } = switched;
  const used = new Set(instances.map(({ name }) => name));
  const unused = request.live?.instances.map(({ name }) => name).filter((name) => !used.has(name)) ?? [];
  let drained: DrainResult = { drained: 0, closed: 0, cutOff: 0, waitedMs: 0 };
  // Instances that go on serving keep what they have under way.
  if (previousTargetId !== null && unused.length > 0) {
    drained = await drainTarget({ router }, request, previousTargetId, context.signal);
    await context.log("system", describeDrain(drained));
  }
  const [{ services }] = await Promise.all([
    router.table({ service: request.labels.environmentId }),
    retireInstances({ everywhere, history }, request, unused, context),
  ]);
  const { id: targetId } = targetOf(request.labels.releaseId, instances);
  const probe = prober.summarise({ ...switched, hadLive: request.live !== null });
  record({ proof: proveSwitch(switched, services[0]?.counts ?? [], { targetId, drained, probe }) });
}

/** Those of another release stay warm where that is set; the others are stopped. */
async function retireInstances(
  { everywhere, history }: Pick<EnginePorts, "everywhere" | "history">,
  { live, labels }: ReleaseRequest,
  names: string[],
  context: EffectContext,
): Promise<void> {
  if (!live || names.length === 0) return;
  const warmUntil = live.releaseId === labels.releaseId ? null : await history.keepWarm(names);
  if (warmUntil) {
    await context.log("system", `Kept warm for a rollback until ${warmUntil.toISOString()}: ${names.join(", ")}`);
    return;
  }
  await Promise.all(
    names.map(async (name) => {
      for (const { runtime } of everywhere) await runtime.stop(name, live.config.stopSeconds);
      await history.retired(name);
      await context.log("system", `Stopped ${name}`);
    }),
  );
}
