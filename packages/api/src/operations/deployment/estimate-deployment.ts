import type { Prisma } from "@windlass/db";
import type { DeploymentKind } from "@windlass/domain";
import type { Services } from "../../services.ts";

/** Enough for a median that one slow run does not move, and few enough to follow how the app is built today. */
const LOOKED_AT = 7;

export interface Estimate {
  /** Median milliseconds of each step that is known */
  steps: ReadonlyMap<string, number>;
  /** Of the whole, when every step is known */
  totalMs: number | null;
  /** How many earlier deployments it is taken from */
  from: number;
}

/**
 * How long each step will take: the median of the environment's last successful deployments of the same kind, so that a
 * redeploy, whose build is mostly cached, is not judged by new commits. A kind that never ran borrows from the others what
 * they have in common, such as the start and the health gate.
 */
export async function estimateDeployment(
  db: Services["db"],
  { environmentId, kind, id }: { environmentId: string; kind: DeploymentKind; id?: string },
  expected: readonly string[],
): Promise<Estimate> {
  const before: Prisma.DeploymentWhereInput = {
    environmentId,
    status: "succeeded",
    ...(id === undefined ? {} : { id: { lt: id } }),
  };
  const same = await readDurations(db, { ...before, kind });
  const others = expected.every((name) => same.steps.has(name))
    ? new Map<string, number>()
    : (await readDurations(db, { ...before, kind: { not: kind } })).steps;
  const steps = new Map<string, number>();
  for (const name of expected) {
    const ms = same.steps.get(name) ?? others.get(name);
    if (ms !== undefined) steps.set(name, ms);
  }
  const isWhole = expected.every((name) => steps.has(name));
  return { steps, totalMs: isWhole ? [...steps.values()].reduce((sum, ms) => sum + ms, 0) : null, from: same.from };
}

async function readDurations(db: Services["db"], where: Prisma.DeploymentWhereInput) {
  const earlier = await db.deployment.findMany({
    where,
    orderBy: { id: "desc" },
    take: LOOKED_AT,
    select: { steps: { where: { status: "succeeded" }, select: { name: true, startedAt: true, endedAt: true } } },
  });
  const durations = new Map<string, number[]>();
  for (const { name, startedAt, endedAt } of earlier.flatMap(({ steps }) => steps)) {
    if (endedAt) durations.set(name, [...(durations.get(name) ?? []), endedAt.getTime() - startedAt.getTime()]);
  }
  return { from: earlier.length, steps: new Map([...durations].map(([name, list]) => [name, median(list)])) };
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : Math.round((low + high) / 2);
}
