import { setTimeout as sleep } from "node:timers/promises";
import { type DeploymentKind, DomainError, type RuntimeKind } from "@windlass/domain";
import type { RuntimePorts } from "@windlass/engine";
import type { RuntimeProblem, Worker } from "../wiring.ts";

const LOOK_AGAIN_MS = 100;

/** The runtimes that an environment has something in: it may have moved from one to another. */
export async function findUsedRuntimes(db: Worker["db"], environmentId: string): Promise<RuntimeKind[]> {
  const used = await db.release.findMany({
    where: { environmentId, OR: [{ removedAt: null }, { instances: { some: { status: { not: "stopped" } } } }] },
    distinct: ["runtime"],
    select: { runtime: true },
  });
  return used.map(({ runtime }) => runtime);
}

/**
 * The adapters of the runtime that a deployment is for, and those of every runtime in use. What ends everything needs them
 * all; the others do with those that are there.
 */
export async function findAdapters(
  worker: Worker,
  used: RuntimeKind[],
  { kind, isTakenOver }: { kind: DeploymentKind; isTakenOver: boolean },
  runtime: RuntimeKind,
  abandon: AbortSignal,
): Promise<{ own: RuntimePorts; everywhere: RuntimePorts[] }> {
  const isEnding = kind === "stop" || kind === "delete";
  const needed = new Set<RuntimeKind>([...used, ...(isEnding ? [] : [runtime])]);
  const everywhere: RuntimePorts[] = [];
  for (const one of needed) {
    const adapters = await awaitAdapters(worker, one, isTakenOver, abandon);
    if (!("problem" in adapters)) everywhere.push(adapters);
    else if (isEnding || one === runtime) throw unavailable(adapters.problem);
  }
  const own = worker.runtimeOf(needed.has(runtime) ? runtime : "process");
  if ("problem" in own) throw unavailable(own.problem);
  return { own, everywhere };
}

/** One that went away, or that another worker had, is waited for. */
async function awaitAdapters(
  worker: Worker,
  kind: RuntimeKind,
  isTakenOver: boolean,
  abandon: AbortSignal,
): Promise<RuntimePorts | RuntimeProblem> {
  const until = performance.now() + worker.enginePatienceMs;
  for (;;) {
    const found = worker.runtimeOf(kind);
    const mayComeBack = "problem" in found && (found.wasThere || isTakenOver);
    if (!mayComeBack || abandon.aborted || performance.now() >= until) return found;
    await sleep(LOOK_AGAIN_MS, undefined, { signal: abandon }).catch(() => {});
  }
}

const unavailable = (problem: string) =>
  new DomainError("runtime_unavailable", problem, { fault: "server", retryable: true });
