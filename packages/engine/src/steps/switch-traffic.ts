import { setTimeout as sleep } from "node:timers/promises";
import { failed, PROBE_HEADER, type StartedInstance, type Target, type TargetCounts } from "@windlass/domain";
import { notThroughRouter } from "../health/causes.ts";
import { probeHttp } from "../health/probe.ts";
import type { EffectContext, EnginePorts } from "../ports.ts";
import { type Prober, startProber } from "../router/prober.ts";
import { targetOf } from "../router/target-of.ts";
import type { Healthy } from "./await-healthy.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { drainTarget } from "./drain-target.ts";
import { requireSteady } from "./require-steady.ts";

const PROOF_ATTEMPTS = 20;
const PROOF_EVERY_MS = 100;

/** The service's name in the router: one for each environment. */
const serviceOf = (request: ReleaseRequest): string => request.labels.environmentId;

export const liveTarget = ({ live }: ReleaseRequest): Target | null =>
  live && live.instances.length > 0 ? targetOf(live.releaseId, live.instances) : null;

/** What moving the traffic is judged by afterwards. */
export interface Switched {
  switchMs: number;
  /** What the router sent requests to before, when there was something */
  previousTargetId: string | null;
  /** What it had counted there when the traffic left it */
  countsBefore: Pick<TargetCounts, "requests" | "unanswered" | "serverErrors"> | null;
  /** Milliseconds since 1970 */
  commandedAt: number;
  switchedAt: number;
}

/** Sends probes through the router while the steps that move the traffic run; ended by `using`. */
export function startSwitchProber({ router }: EnginePorts, request: ReleaseRequest): Prober {
  const [host] = request.hosts;
  const askForKey = async (): Promise<string> => (await router.table({ service: serviceOf(request) })).probeKey;
  return startProber({ entry: router.entry, host, check: request.config.health, askForKey });
}

/**
 * Points the environment's hosts at the new instances, and checks that they answer through the router. Instances that
 * ended since they were well are not given the traffic, nor left with it.
 */
export async function switchTraffic(
  ports: EnginePorts,
  request: ReleaseRequest,
  instances: StartedInstance[],
  { healthy, prober }: { healthy: Healthy; prober: Prober },
  context: EffectContext,
): Promise<Switched> {
  const { router } = ports;
  const areSteady = () => requireSteady(ports, request, instances, healthy, context);
  const command = { service: serviceOf(request), token: request.fencingToken };
  const before = liveTarget(request);
  const target = targetOf(request.labels.releaseId, instances);
  await Promise.all([areSteady(), router.apply({ ...command, hosts: request.hosts, target: before })]);
  prober.noteSwitching();
  const commandedAt = Date.now();
  const { switchMs } = await router.switch({ ...command, target });
  const switchedAt = Date.now();
  const [{ services, probeKey }] = await Promise.all([
    router.table({ service: command.service }),
    context.log("system", `Switched in ${switchMs.toFixed(1)} ms`),
  ]);
  await proveThroughRouter(router, request, probeKey, areSteady, context);
  await areSteady();
  const previousTargetId = before && before.id !== target.id ? before.id : null;
  const counts = services[0]?.counts.find(({ targetId }) => targetId === previousTargetId);
  return { switchMs, previousTargetId, countsBefore: counts ? usersOf(counts) : null, commandedAt, switchedAt };
}

const usersOf = ({ requests, unanswered, serverErrors }: TargetCounts) => ({ requests, unanswered, serverErrors });

/**
 * `succeeded` is written only after the release answered through the router, as visitors ask it. The router takes the key
 * of our probes off: with it they pass while visitors are held back, and the app sees no difference.
 */
async function proveThroughRouter(
  router: EnginePorts["router"],
  { config, hosts }: ReleaseRequest,
  probeKey: string,
  areSteady: () => Promise<void>,
  { signal, log }: EffectContext,
): Promise<void> {
  const check = config.health;
  const [host] = hosts;
  if (check.kind !== "http" || host === undefined) return;
  for (let attempt = 1; ; attempt++) {
    const throughRouter = { [PROBE_HEADER]: probeKey };
    const result = await probeHttp({ address: router.entry, check, host, throughRouter, signal });
    if (result.isHealthy) return void (await log("system", `${host}${result.seen} through the router`));
    signal.throwIfAborted();
    await areSteady();
    if (attempt >= PROOF_ATTEMPTS) {
      const evidence = [`Last check through the router: ${result.seen}`];
      throw failed("unhealthy", notThroughRouter(result.seen), { evidence, retryable: true });
    }
    await sleep(PROOF_EVERY_MS, undefined, { signal });
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
  await router.apply({ ...command, hosts: request.hosts, target, notice: request.notice });
  const targetId = targetOf(request.labels.releaseId, instances).id;
  if (targetId !== target?.id) await drainTarget({ router }, request, targetId, signal);
}
