import { setTimeout as sleep } from "node:timers/promises";
import type { StartedInstance } from "@windlass/domain";
import type { EffectContext, EnginePorts, InstanceState } from "../ports.ts";
import type { ReleaseRequest } from "../steps/deploy-request.ts";
import { type CheckResult, checkInstance } from "./check-instance.ts";
import { type ExitedState, explainUnhealthy } from "./explain-unhealthy.ts";
import { hostOf } from "./host-of.ts";

const SHORTEST_PAUSE_MS = 5;
/** One good answer may be an app's last. */
const GOOD_IN_A_ROW = 2;
/** Some apps end until what they need is there; one that goes on ending is broken. */
const MOST_EXITS = 3;
/** For how long one that ended before has to run: its next end would come after a similar time. */
const STEADY_AFTER_EXIT_MS = 2000;
/** Between looks at one that ended and comes back. */
const LOOK_AGAIN_MS = 50;
/** The runtime starts it again and again; for so long its next end is waited for, to tell the exit code. */
const AWAIT_EXIT_MS = 5000;
const EXITS_THAT_STAY: readonly (number | null)[] = [126, 127];

export interface HealthyInstance {
  checks: number;
  waitedMs: number;
  /** How often it had been restarted by then: once more before the traffic has moved, and it is not well */
  restarts: number;
}

/**
 * Resolves when one instance is well: its check was good twice in a row, and it has run for as long as it has to without
 * ending. Rejects with unhealthy, the cause and what was seen when it is not. One that stayed warm has shown for long
 * that it goes on running: one good answer is enough. One of a release that has served has shown so when it was new, and
 * need not do it for as long again; where the switch asks it once more, through the router, one answer is enough too.
 */
export async function awaitInstance(
  ports: EnginePorts,
  request: ReleaseRequest,
  instance: StartedInstance,
  context: EffectContext,
  { wasWarm, hasServed }: { wasWarm: boolean; hasServed: boolean },
): Promise<HealthyInstance> {
  const { health } = request.config;
  const { signal } = context;
  const host = hostOf(request, instance);
  const intervalMs = health.intervalSeconds * 1000;
  const startPeriodMs = health.startPeriodSeconds * 1000;
  const life = watchLife(await ports.runtime.inspect(instance.name), wasWarm);
  const neededInARow = wasWarm || (hasServed && health.kind === "http") ? 1 : GOOD_IN_A_ROW;
  const began = performance.now();
  let [failures, failsAgainAt, inARow, wellSince, lastTold] = [0, 0, 0, 0, ""];
  let looksAgainAt = 0;
  for (let checks = 1; ; checks++) {
    const asked = { instance, check: health, host, runningMs: life.runningMs(), signal };
    const last = await checkInstance(ports.examiner, asked);
    signal.throwIfAborted();
    // A runtime that is asked about one that starts is kept from starting it.
    const looks = last.isHealthy || performance.now() >= looksAgainAt;
    const endedAgain = looks && life.note(await ports.runtime.inspect(instance.name));
    if (looks) looksAgainAt = performance.now() + LOOK_AGAIN_MS;
    const { state, exits } = life;
    const now = performance.now();
    const waitedMs = Math.round(now - began);
    const isWell = last.isHealthy && state.state === "running";
    if (!isWell || endedAgain) inARow = 0;
    if (isWell && inARow++ === 0) wellSince = now;
    const steadyMs = Math.max(hasServed ? 0 : health.steadySeconds * 1000, exits > 0 ? STEADY_AFTER_EXIT_MS : 0);
    const leftMs = wellSince + steadyMs - now;
    if (isWell && inARow >= neededInARow && leftMs <= 0) {
      await tellHealthy(instance, context, { checks, waitedMs, exits, last });
      return { checks, waitedMs, restarts: state.restarts };
    }
    if (!isWell && last.seen !== lastTold) {
      await context.log("system", `Check ${checks} of ${instance.name}: ${last.seen}`);
    }
    lastTold = isWell ? "" : last.seen;
    const isStarting = waitedMs < startPeriodMs;
    if (!isWell && !last.isPending && !isStarting && now >= failsAgainAt) {
      failures++;
      failsAgainAt = now + intervalMs / 2;
    }
    if (life.isOver() || failures > health.retries || last.isCheckMissing) {
      const lastExit = life.lastExit ?? (exits > 0 ? await awaitExit(ports.runtime, instance.name, signal) : undefined);
      const seen = { state, lastExit, exits, last, checks, waitedMs };
      throw await explainUnhealthy(ports, request, { instance, host, seen, signal });
    }
    // One that starts is asked the more often the shorter it was waited for: most are there in a fraction of the interval.
    let pauseMs = isStarting ? Math.max(SHORTEST_PAUSE_MS, waitedMs / 10) : intervalMs;
    if (exits > 0) pauseMs = LOOK_AGAIN_MS;
    if (isWell) pauseMs = inARow < neededInARow ? 0 : Math.max(SHORTEST_PAUSE_MS, leftMs);
    await sleep(Math.min(intervalMs, pauseMs), undefined, { signal });
  }
}

/** Counts how often an instance has ended since it was started; of one that was warm, since it was first looked at. */
function watchLife(first: InstanceState, wasWarm: boolean) {
  // The worker before may have watched it end, and died.
  const restartsBefore = wasWarm && first.state !== "missing" ? first.restarts : 0;
  let since = wasWarm ? Number.NEGATIVE_INFINITY : performance.now();
  const life = {
    state: first,
    exits: 0,
    lastExit: undefined as ExitedState | undefined,
    /** For how long it has run without ending */
    runningMs: () => performance.now() - since,
    /** True when it has ended since it was looked at before. */
    note(state: InstanceState): boolean {
      life.state = state;
      if (state.state === "exited") life.lastExit = state;
      const exits = exitsOf(state, restartsBefore);
      if (exits <= life.exits) return false;
      life.exits = exits;
      since = performance.now();
      return true;
    },
    /** Waiting any longer would show nothing new. */
    isOver(): boolean {
      const { state } = life;
      if (state.state === "missing" || life.exits >= MOST_EXITS) return true;
      if (state.state === "running") return false;
      return !state.willRestart || state.outOfMemory || EXITS_THAT_STAY.includes(state.exitCode);
    },
  };
  life.note(first);
  return life;
}

/** How often it ended since `restartsBefore` were counted. */
export const exitsOf = (state: InstanceState, restartsBefore: number): number =>
  state.state === "missing" ? 0 : state.restarts - restartsBefore + (state.state === "exited" ? 1 : 0);

/** How one that was started again meanwhile ends the next time; undefined when it does not for a while. */
export async function awaitExit(
  runtime: EnginePorts["runtime"],
  name: string,
  signal: AbortSignal,
): Promise<ExitedState | undefined> {
  const deadline = performance.now() + AWAIT_EXIT_MS;
  while (performance.now() < deadline) {
    const state = await runtime.inspect(name);
    if (state.state !== "running") return state.state === "exited" ? state : undefined;
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
  return undefined;
}

async function tellHealthy(
  { name }: StartedInstance,
  context: EffectContext,
  { checks, waitedMs, exits, last }: { checks: number; waitedMs: number; exits: number; last: CheckResult },
): Promise<void> {
  const ended = exits > 0 ? `, after it had ended ${exits === 1 ? "once" : `${exits} times`}` : "";
  const count = `${checks} ${checks === 1 ? "check" : "checks"}`;
  await context.log("system", `${name} is healthy after ${waitedMs} ms and ${count}${ended}: ${last.seen}`);
}
