import { DeploymentPlan, DomainError, diffConfig, diffNames, EnvironmentConfig } from "@windlass/domain";
import type { RollbackPlan } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { toRelease, WITH_MAKER } from "../environment/read-environment.ts";

const COMMITS_SHOWN = 50;

/** What bringing a release back would change. */
export async function planRollback(
  { db }: Pick<Services, "db">,
  environment: { id: string; currentReleaseId: string | null },
  releaseId: string,
): Promise<RollbackPlan> {
  const to = await db.release.findFirst({
    where: { id: releaseId, environmentId: environment.id },
    include: WITH_MAKER,
  });
  if (!to || to.removedAt) {
    throw new DomainError("not_found", "This environment has no such release any more.", { field: "releaseId" });
  }
  const from = environment.currentReleaseId
    ? await db.release.findUnique({ where: { id: environment.currentReleaseId }, include: WITH_MAKER })
    : null;
  const planned = toRelease(to, environment.currentReleaseId);
  const routes = await db.route.findMany({ where: { environmentId: environment.id }, orderBy: { createdAt: "asc" } });
  const hosts = routes.map(({ host }) => host);
  return {
    from: from && toRelease(from, environment.currentReleaseId),
    to: planned,
    config: diffConfig(from ? EnvironmentConfig.parse(from.config) : null, EnvironmentConfig.parse(to.config)),
    variables: diffNames(
      (from?.variableDigests ?? {}) as Record<string, string>,
      to.variableDigests as Record<string, string>,
    ),
    commits: await commitsBetween(db, environment.id, from?.number ?? to.number, to.number),
    hosts: {
      since: hosts.filter((host) => !to.hosts.includes(host)),
      gone: to.hosts.filter((host) => !hosts.includes(host)),
    },
    lastTookMs: await lastTook(db, environment.id, planned.warmUntil !== null),
  };
}

/** From the plans of the deployments that made the releases in between: the web never runs git. */
async function commitsBetween(
  db: Services["db"],
  environmentId: string,
  live: number,
  target: number,
): Promise<RollbackPlan["commits"]> {
  const between = await db.release.findMany({
    where: { environmentId, number: { gt: Math.min(live, target), lte: Math.max(live, target) } },
    orderBy: { number: "desc" },
    include: WITH_MAKER,
    take: COMMITS_SHOWN,
  });
  const plans = between.flatMap(({ deployments }) => DeploymentPlan.safeParse(deployments[0]?.plan).data ?? []);
  const commits = new Map(plans.flatMap((plan) => plan.commits).map((commit) => [commit.sha, commit]));
  const list = [...commits.values()].slice(0, COMMITS_SHOWN);
  return {
    direction: target < live ? "go away" : "come back",
    list: list.map((commit) => ({ ...commit, committedAt: new Date(commit.committedAt) })),
    omitted: commits.size - list.length + plans.reduce((sum, plan) => sum + plan.commitsOmitted, 0),
  };
}

/** Of rollbacks like this one: one that had to start its release says nothing of one that had not. */
async function lastTook(db: Services["db"], environmentId: string, isWarm: boolean): Promise<number | null> {
  const rollbacks = await db.deployment.findMany({
    where: { environmentId, kind: "rollback", status: "succeeded" },
    orderBy: { id: "desc" },
    take: 20,
    include: { steps: { where: { name: "start release" } } },
  });
  const last = rollbacks.find(({ steps }) => wasWarm(steps[0]?.result) === isWarm);
  return last?.endedAt ? last.endedAt.getTime() - last.queuedAt.getTime() : null;
}

const wasWarm = (result: unknown): boolean => (result as { wasWarm?: boolean } | null)?.wasWarm === true;
