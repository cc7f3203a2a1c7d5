import { setTimeout as sleep } from "node:timers/promises";
import { DomainError, type StartedInstance, type Target } from "@windlass/domain";
import { probe } from "../health/probe.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { drainTarget } from "./drain-target.ts";

const PROOF_ATTEMPTS = 20;
const PROOF_EVERY_MS = 100;

const targetOf = (instance: StartedInstance): Target => ({ id: instance.name, addresses: [instance.address] });

/** The service's name in the router: one for each environment. */
const serviceOf = (request: ReleaseRequest): string => request.labels.environmentId;

/** Points the environment's hosts at the new release, and checks that it answers through the router. */
export async function switchTraffic(
  { router }: EnginePorts,
  request: ReleaseRequest,
  instance: StartedInstance,
  context: EffectContext,
): Promise<{ switchMs: number }> {
  const command = { service: serviceOf(request), token: request.fencingToken };
  const before = request.live ? targetOf(request.live.instance) : null;
  await router.apply({ ...command, hosts: request.hosts, target: before });
  const { switchMs } = await router.switch({ ...command, target: targetOf(instance) });
  await context.log("system", `Switched in ${switchMs.toFixed(1)} ms`);
  const [host] = request.hosts;
  if (host !== undefined) await proveThroughRouter(router, request, host, context);
  return { switchMs };
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
  instance: StartedInstance,
  signal: AbortSignal,
): Promise<void> {
  const command = { service: serviceOf(request), token: request.fencingToken };
  const target = request.live ? targetOf(request.live.instance) : null;
  await router.apply({ ...command, hosts: request.hosts, target });
  await drainTarget({ router }, request, instance.name, signal);
}
