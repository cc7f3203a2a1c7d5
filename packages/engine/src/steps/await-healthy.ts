import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { DomainError, type StartedInstance } from "@windlass/domain";
import { type ProbeResult, probe } from "../health/probe.ts";
import type { EffectContext, EnginePorts, InstanceState } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

const EVIDENCE_LINES = 20;
const ENOUGH_RESTARTS = 3;
const SHORTEST_PAUSE_MS = 20;

/** Resolves when every instance answers its check; rejects with unhealthy and what was seen as soon as one is given up. */
export async function awaitHealthy(
  ports: EnginePorts,
  request: ReleaseRequest,
  instances: StartedInstance[],
  context: EffectContext,
): Promise<{ probes: number; waitedMs: number }> {
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  let first: { error: unknown } | undefined;
  const waits = instances.map((instance) =>
    awaitInstance(ports, request, instance, { ...context, signal }).catch((error: unknown) => {
      first ??= { error };
      failed.abort(error);
      return { probes: 0, waitedMs: 0 };
    }),
  );
  const all = await Promise.all(waits);
  if (first) throw first.error;
  return {
    probes: all.reduce((sum, { probes }) => sum + probes, 0),
    waitedMs: Math.max(...all.map(({ waitedMs }) => waitedMs)),
  };
}

async function awaitInstance(
  { runtime }: EnginePorts,
  { config, live }: ReleaseRequest,
  instance: StartedInstance,
  context: EffectContext,
): Promise<{ probes: number; waitedMs: number }> {
  const { health } = config;
  const kept =
    live && live.instances.length > 0 ? "The release before it still serves." : "Nothing was live before it.";
  const began = performance.now();
  const startPeriodMs = health.startPeriodSeconds * 1000;
  let failures = 0;
  let lastTold = "";
  for (let probes = 1; ; probes++) {
    const result = await probe(instance.address, health, context.signal);
    const waitedMs = Math.round(performance.now() - began);
    if (result.isHealthy) {
      await context.log(
        "system",
        `${instance.name} is healthy after ${waitedMs} ms and ${probes} ${probes === 1 ? "probe" : "probes"}: ${result.seen}`,
      );
      return { probes, waitedMs };
    }
    context.signal.throwIfAborted();
    if (result.seen !== lastTold) await context.log("system", `Probe ${probes} of ${instance.name}: ${result.seen}`);
    lastTold = result.seen;
    const state = await runtime.inspect(instance.name);
    const isOver = state.state !== "running" || state.restarts >= ENOUGH_RESTARTS;
    if (waitedMs > startPeriodMs) failures++;
    if (isOver || failures > health.retries)
      throw await explain(runtime, instance.name, { state, last: result, probes, waitedMs, kept });
    const isStarting = waitedMs < startPeriodMs;
    await sleep(pauseMs(health.intervalSeconds * 1000, isStarting, waitedMs), undefined, { signal: context.signal });
  }
}

/**
 * An app that starts is asked the more often the shorter it was waited for, up to the interval that was set: most are
 * there in a fraction of it. Those probes do not count as failures, so nothing is given up any sooner.
 */
const pauseMs = (intervalMs: number, isStarting: boolean, waitedMs: number): number =>
  isStarting ? Math.min(intervalMs, Math.max(SHORTEST_PAUSE_MS, waitedMs / 4)) : intervalMs;

/** What the gate saw when it gave up */
interface Seen {
  state: InstanceState;
  last: ProbeResult;
  probes: number;
  waitedMs: number;
  /** What serves now, as a sentence */
  kept: string;
}

async function explain(runtime: EnginePorts["runtime"], name: string, seen: Seen): Promise<DomainError> {
  const { state, last } = seen;
  const lines = await runtime.logs(name, EVIDENCE_LINES).catch(() => []);
  const evidence = [
    `Last probe: ${last.seen}`,
    ...describeState(state),
    ...(lines.length > 0
      ? ["The app's last lines:", ...lines.map(stripVTControlCharacters)]
      : ["The app printed nothing."]),
  ];
  return new DomainError("unhealthy", sentence(seen), { fault: "user", evidence });
}

function describeState(state: InstanceState): string[] {
  if (state.state === "missing") return ["The instance is gone."];
  const restarts = state.restarts > 0 ? [`Restarts: ${state.restarts}`] : [];
  if (state.state === "running") return ["The app is running.", ...restarts];
  const exit = state.exitCode === null ? "Exit code: not known" : `Exit code: ${state.exitCode}`;
  const signal = state.signal ? [`Signal: ${state.signal}`] : [];
  return [exit, ...signal, `Out of memory: ${state.outOfMemory ? "yes" : "no"}`, ...restarts];
}

function sentence({ state, last, probes, waitedMs, kept }: Seen): string {
  if (state.state === "exited" && state.outOfMemory)
    return `The app used more memory than its limit and was ended. Raise the memory limit. ${kept}`;
  if (state.state === "exited") {
    const code = state.exitCode === null ? "" : ` with exit code ${state.exitCode}`;
    return `The app ended${code} before it was healthy. Its last lines say more. ${kept}`;
  }
  if (state.state === "running" && state.restarts >= ENOUGH_RESTARTS) {
    return `The app starts and ends again and again. Its last lines say more. ${kept}`;
  }
  if (state.state === "missing") return `The app's instance was removed by someone else. Deploy again. ${kept}`;
  return `The app did not become healthy in ${Math.round(waitedMs / 1000)} s and ${probes} probes (${last.seen}). Check the port, the health path and the start period. ${kept}`;
}
