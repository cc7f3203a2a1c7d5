import { setTimeout as sleep } from "node:timers/promises";
import { DomainError, type StartedInstance, type Target } from "@windlass/domain";
import { probe } from "../health/probe.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import { targetOf } from "../router/target-of.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { drainTarget } from "./drain-target.ts";

const PROOF_ATTEMPTS = 20;
const PROOF_EVERY_MS = 100;

/** The service's name in the router: one for each environment. */
const serviceOf = (request: ReleaseRequest): string => request.labels.environmentId;

const liveTarget = ({ live }: ReleaseRequest): Target | null =>
  live && live.instances.length > 0 ? targetOf(live.releaseId, live.instances) : null;

export interface Switched {
  switchMs: number;
  /** What the router sent requests to before, when there was something */
  previousTargetId: string | null;
}

/** Points the environment's hosts at the new instances, and checks that they answer through the router. */
export async function switchTraffic(
  { router }: EnginePorts,
  request: ReleaseRequest,
  instances: StartedInstance[],
  context: EffectContext,
): Promise<Switched> {
  const command = { service: serviceOf(request), token: request.fencingToken };
  const before = liveTarget(request);
  const target = targetOf(request.labels.releaseId, instances);
  await router.apply({ ...command, hosts: request.hosts, target: before });
  const { switchMs } = await router.switch({ ...command, target });
  await context.log("system", `Switched in ${switchMs.toFixed(1)} ms`);
  const [host] = request.hosts;
  if (host !== undefined) await proveThroughRouter(router, request, host, context);
  return { switchMs, previousTargetId: before && before.id !== target.id ? before.id : null };
}

/** `succeeded` is written only after the release answered through the router. */
async function proveThroughRouter(
  router: EnginePorts["router"],
  { config }: ReleaseRequest,
  host: string,
  context: EffectContext,
): Promise<void> {
  if (config.health.kind === "tcp") return;
  for (let attempt = 1; ; attempt++) {
    const result = await probe(router.entry, config.health, context.signal, host);
    if (result.isHealthy) return void (await context.log("system", `${host}${result.seen} through the router`));
    context.signal.throwIfAborted();
    if (attempt >= PROOF_ATTEMPTS) {
      throw new DomainError(
        "unhealthy",
        "The release answers by itself but not through the router. Traffic was put back.",
        {
          fault: "platform",
          retryable: true,
          evidence: [`Last probe through the router: ${result.seen}`],
        },
      );
    }
    await sleep(PROOF_EVERY_MS, undefined, { signal: context.signal });
  }
}

/** Puts the traffic back where it was, and lets requests end that the new release took meanwhile. */
export async function restoreTraffic(
  { router }: EnginePorts,
  request: ReleaseRequest,
  instances: StartedInstance[],
  signal: AbortSignal,
): Promise<void> {
  const command = { service: serviceOf(request), token: request.fencingToken };
  const target = liveTarget(request);
  await router.apply({ ...command, hosts: request.hosts, target });
  const targetId = targetOf(request.labels.releaseId, instances).id;
  if (targetId !== target?.id) await drainTarget({ router }, request, targetId, signal);
}
