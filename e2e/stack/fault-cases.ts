import assert from "node:assert/strict";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { requestDeployment, requestRollback } from "@windlass/api/operations";
import { DEPLOY_STEPS, RELAUNCH_STEPS } from "@windlass/domain";
import { expectTruth } from "./expect-truth.ts";
import { faultApp, faultConfig } from "./fault-app.ts";
import { createFaultGate, type Moment, momentAfter } from "./fault-gate.ts";
import { probeHost } from "./probe-host.ts";
import type { Stack } from "./start-stack.ts";
import type { TestRepository } from "./test-repository.ts";

export type Kind = "deploy" | "rollback";

/** Half-way through the step; once its effect is there but not yet written down; once it is, as the next begins. */
export const POINTS = ["midway", "unwritten", "ended"] as const;
export type Point = (typeof POINTS)[number];

/** Their effect is outside of the database: there it may be without a word of it written down. */
const HAS_EFFECT: ReadonlySet<string> = new Set(["build", "start release", "switch traffic", "retire previous"]);

export interface Case {
  kind: Kind;
  step: string;
  point: Point;
}

const stepsOf = (kind: Kind): readonly string[] => (kind === "deploy" ? DEPLOY_STEPS : RELAUNCH_STEPS);

/** Every step of a deployment or a rollback at these points; beside `midway`, `unwritten` only where that differs. */
export const casesOf = (kind: Kind, points: readonly Point[] = POINTS): Case[] =>
  stepsOf(kind).flatMap((step) =>
    points
      .filter((point) => point !== "unwritten" || HAS_EFFECT.has(step) || !points.includes("midway"))
      .map((point): Case => ({ kind, step, point })),
  );

/** Something that breaks while a deployment is under way, and is there again. */
export interface Fault {
  /** Breaks it; resolves when it is broken. The deployment stands still meanwhile. */
  strike(): Promise<void>;
  /** Brings it back; the deployment goes on meanwhile. */
  mend(): Promise<void>;
  /** From when the time until all is resolved counts: what is broken cannot be resolved before it is there again */
  countsFrom: "strike" | "return";
}

export interface Outcome extends Case {
  end: string;
  /** What its end says, when it did not succeed */
  why: string;
  /** From the strike, or the return, until the deployment's end */
  endedMs: number;
  /** What the steps that were left usually take */
  restMs: number;
  isInTime: boolean;
  /** Each is empty, or says what was seen */
  left: string;
  twoActive: string;
  /** Requests of a visitor that got no good answer */
  unserved: readonly string[];
}

/** The first thing that is not as it must be, in words. */
export function faultOf({ end, isInTime, endedMs, restMs, left, twoActive, unserved }: Outcome): string | undefined {
  if (end !== "succeeded" && end !== "failed") return `It ended ${end}.`;
  if (!isInTime) return `It took ${endedMs} ms, of which ${restMs} ms are the steps that were left.`;
  if (left) return left;
  return twoActive || unserved[0];
}

export type FaultCases = Awaited<ReturnType<typeof openFaultCases>>;

/** An app, and deployments of it that stand still at exact moments so that something can break there. */
export async function openFaultCases(
  stack: Stack,
  repository: TestRepository,
  { config = {}, startMs = 250 }: { config?: object; startMs?: number } = {},
) {
  const { ctx, holdings, leaseMs } = stack;
  const { db } = ctx;
  const versions = new Map<string, string>();
  const usualMs = new Map<string, number>();
  const gate = await createFaultGate(stack.databaseUrl);
  const app = await stack.createApp({
    name: "fault",
    url: repository.url,
    config: faultConfig(holdings.runtime, config),
  });
  const { environment } = app;

  async function request(kind: Kind, isBroken = false): Promise<string> {
    if (kind === "deploy") {
      const version = `version ${versions.size + 1}`;
      const commit = repository.push(faultApp(version, { startMs, isBroken }));
      if (!isBroken) versions.set(commit, version);
      return requestDeployment(ctx, { environment, kind, ref: "main", trigger: "test" });
    }
    const row = await db.environment.findUniqueOrThrow({ where: { id: environment.id } });
    const before = await db.release.findFirstOrThrow({
      where: { environmentId: row.id, removedAt: null, id: { not: row.currentReleaseId ?? "" } },
      orderBy: { number: "desc" },
    });
    return requestRollback(ctx, row, before.id, "test");
  }

  for (const kind of ["deploy", "deploy", "rollback"] as const) {
    const id = await request(kind);
    const { status, endDetail } = await stack.awaitEnd(id);
    assert.equal(status, "succeeded", JSON.stringify(endDetail));
    for (const { name, startedAt, endedAt } of await db.step.findMany({ where: { deploymentId: id } })) {
      usualMs.set(`${kind} ${name}`, (endedAt?.getTime() ?? 0) - startedAt.getTime());
    }
  }
  const prober = probeHost(stack.routerPort, app.host);

  /** What the step and those after it take when nobody disturbs. */
  function restOf({ kind, step }: Case): number {
    const steps = stepsOf(kind);
    return steps.slice(steps.indexOf(step)).reduce((sum, name) => sum + (usualMs.get(`${kind} ${name}`) ?? 0), 0);
  }

  async function reach(moment: Moment, ask: () => Promise<string>): Promise<string> {
    await gate.close(moment);
    const id = await ask();
    await gate.reached();
    return id;
  }

  /** Resolves as the step begins, which cannot be written down as ended until the gate opens. */
  async function begin(kind: Kind, step: string): Promise<string> {
    await gate.close({ step, status: "succeeded" });
    const id = await request(kind);
    await gate.opened(id, step);
    return id;
  }

  async function stopAt({ kind, step, point }: Case): Promise<string> {
    if (point === "unwritten") return reach({ step, status: "succeeded" }, () => request(kind));
    if (point === "ended") {
      const next = momentAfter(kind, step);
      // A step's end is written together with the next one's beginning.
      return typeof next === "object" ? begin(kind, next.step) : reach(next, () => request(kind));
    }
    const id = await begin(kind, step);
    await sleep((usualMs.get(`${kind} ${step}`) ?? 0) / 2);
    return id;
  }

  /** Runs a deployment to the case's moment, breaks something there, and tells how it was resolved. */
  async function run(one: Case, fault: Fault): Promise<Outcome> {
    const unservedBefore = prober.failures.length;
    const id = await stopAt(one);
    await fault.strike();
    let began = performance.now();
    await gate.open();
    const mended = fault.mend().then(() => {
      if (fault.countsFrom === "return") began = performance.now();
    });
    const [end] = await Promise.all([stack.awaitEnd(id, ENDS_WITHIN_MS), mended]);
    const [endedMs, restMs] = [Math.max(0, Math.round(performance.now() - began)), restOf(one)];
    const limitMs = (leaseMs + RESOLVED_WITHIN_MS) * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    const left = await expectTruth(stack, app, versions).then(
      () => "",
      (error: Error) => error.message,
    );
    const isInTime = endedMs - restMs < limitMs;
    const unserved = prober.failures.slice(unservedBefore);
    const why = end.status === "succeeded" ? "" : JSON.stringify(end.endDetail);
    const twoActive = await findTwoActive(id);
    return { ...one, end: end.status, why, endedMs, restMs, isInTime, left, twoActive, unserved };
  }

  /** At no time two deployments of the environment were at work, and by now none is. */
  async function findTwoActive(id: string): Promise<string> {
    const rows = await db.deployment.findMany({ where: { environmentId: environment.id } });
    const own = rows.find((row) => row.id === id);
    const during = rows.filter(
      (row) =>
        row.id !== id &&
        row.startedAt !== null &&
        row.startedAt < (own?.endedAt ?? new Date()) &&
        (row.endedAt ?? new Date()) > (own?.startedAt ?? new Date()),
    );
    const unended = rows.filter(({ endedAt }) => endedAt === null);
    return [...during, ...unended].map((row) => `Deployment ${row.number} was at work too.`).join(" ");
  }

  /** From the next deployment on. */
  async function configure(change: object): Promise<void> {
    const { config } = await db.environment.findUniqueOrThrow({ where: { id: environment.id } });
    await db.environment.update({
      where: { id: environment.id },
      data: { config: { ...(config as object), ...change } },
    });
  }

  return {
    app,
    configure,
    gate,
    versions,
    prober,
    request,
    reach,
    run,
    async stop() {
      await prober.stop();
      await gate.end();
    },
  };
}

const ENDS_WITHIN_MS = 90_000;
/** After the lease is over; on a machine that has more to do than it has processors all takes as much longer. */
const RESOLVED_WITHIN_MS = 5000;

export function tableOf(title: string, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(
    ({ kind, step, point, end, endedMs, restMs }) =>
      `  ${kind.padEnd(9)} ${step.padEnd(16)} ${point.padEnd(10)} ${end.padEnd(10)} ` +
      `${String(endedMs).padStart(5)} ms (rest usually ${restMs} ms)`,
  );
  return `\n${title}\n${rows.join("\n")}\n`;
}
