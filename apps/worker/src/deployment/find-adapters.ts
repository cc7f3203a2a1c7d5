import { type DeploymentKind, DomainError, type RuntimeKind } from "@windlass/domain";
import type { RuntimePorts } from "@windlass/engine";
import type { Worker } from "../wiring.ts";

/**
 * The adapters of the runtime that a deployment is for, and those of every runtime its environment has something in: it may
 * have moved from one to another. What ends everything needs them all; the others do with those that are there.
 */
export async function findAdapters(
  worker: Worker,
  environment: { id: string },
  kind: DeploymentKind,
  runtime: RuntimeKind,
): Promise<{ own: RuntimePorts; everywhere: RuntimePorts[] }> {
  const used = await worker.db.release.findMany({
    where: {
      environmentId: environment.id,
      OR: [{ removedAt: null }, { instances: { some: { status: { not: "stopped" } } } }],
    },
    distinct: ["runtime"],
    select: { runtime: true },
  });
  const isEnding = kind === "stop" || kind === "delete";
  const needed = new Set<RuntimeKind>([...used.map((release) => release.runtime), ...(isEnding ? [] : [runtime])]);
  const everywhere: RuntimePorts[] = [];
  for (const one of needed) {
    const adapters = worker.runtimeOf(one);
    if (!("problem" in adapters)) everywhere.push(adapters);
    else if (isEnding || one === runtime) throw unavailable(adapters.problem);
  }
  const own = worker.runtimeOf(needed.has(runtime) ? runtime : "process");
  if ("problem" in own) throw unavailable(own.problem);
  return { own, everywhere };
}

const unavailable = (problem: string) =>
  new DomainError("runtime_unavailable", problem, { fault: "server", retryable: true });
