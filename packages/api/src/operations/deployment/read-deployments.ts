import type { Prisma } from "@windlass/db";
import {
  DeploymentEnd,
  DeploymentPlan,
  DomainError,
  EnvironmentConfig,
  isBuilding,
  isEnded,
  isReleasing,
  RELEASING_KINDS,
  SwitchProof,
  stepsOf,
  type Waiting,
} from "@windlass/domain";
import type { DeploymentDetail, DeploymentSummary } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { environmentUrl } from "../environment/environment-url.ts";
import { estimateDeployment } from "./estimate-deployment.ts";
import { readBake, readRevertOf } from "./read-bake.ts";
import { readWaiting } from "./read-waiting.ts";

const WITH_CONTEXT = {
  environment: {
    include: {
      app: true,
      routes: { orderBy: { createdAt: "asc" } },
      // The newest that succeeded is the one whose release is live: a rollback and what it brought back are not both.
      deployments: {
        where: { status: "succeeded", kind: { in: [...RELEASING_KINDS] } },
        orderBy: { id: "desc" },
        take: 1,
        select: { id: true },
      },
    },
  },
  steps: { orderBy: { position: "asc" } },
  release: true,
} satisfies Prisma.DeploymentInclude;

type Row = Prisma.DeploymentGetPayload<{ include: typeof WITH_CONTEXT }>;

/** Relations are read one after another: of what is being deleted a part may be gone. */
const isWhole = ({ environment }: Row): boolean => Boolean(environment?.app);

const expectedSteps = ({ kind, environment }: Row): readonly string[] =>
  stepsOf(kind, EnvironmentConfig.parse(environment.config));

function toSummary(row: Row, waiting: Waiting | undefined): DeploymentSummary {
  const expected = expectedSteps(row);
  const { environment } = row;
  return {
    id: row.id,
    number: row.number,
    appId: environment.appId,
    appName: environment.app.name,
    environmentId: row.environmentId,
    environmentName: environment.name,
    kind: row.kind,
    status: row.status,
    end: row.endDetail ? DeploymentEnd.parse(row.endDetail) : null,
    ref: row.ref,
    instances: row.instances,
    commit: commitOf(row),
    trigger: row.trigger,
    actorName: row.actorName,
    releaseId: row.releaseId,
    isLive:
      row.releaseId !== null &&
      environment.stoppedAt === null &&
      row.id === environment.deployments[0]?.id &&
      row.releaseId === environment.currentReleaseId,
    lostRequests: row.lostRequests,
    cancelRequestedAt: row.cancelRequestedAt,
    waiting: waiting ?? null,
    currentStep: isEnded(row.status) ? null : (row.steps.findLast((step) => step.status === "running")?.name ?? null),
    stepsDone: row.steps.filter((step) => step.status === "succeeded" && expected.includes(step.name)).length,
    stepsExpected: expected.length,
    queuedAt: row.queuedAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
  };
}

/** The commit's columns of a deployment or release as one value. */
export function commitOf(row: {
  commitSha: string | null;
  commitMessage: string | null;
  commitAuthor: string | null;
  committedAt?: Date | null;
}): DeploymentSummary["commit"] {
  if (!row.commitSha) return null;
  return {
    sha: row.commitSha,
    message: row.commitMessage ?? "",
    author: row.commitAuthor ?? "",
    committedAt: row.committedAt ?? null,
  };
}

const isActive = (row: Row): boolean => !isEnded(row.status);

/** Newest first. `where` must name the team or something that was loaded for it. */
export async function readDeployments(
  { db }: Pick<Services, "db">,
  where: Prisma.DeploymentWhereInput,
  page: { limit: number; before?: string },
): Promise<DeploymentSummary[]> {
  const found = await db.deployment.findMany({
    where: page.before ? { AND: [where, { id: { lt: page.before } }] } : where,
    include: WITH_CONTEXT,
    orderBy: { id: "desc" },
    take: page.limit,
  });
  const rows = found.filter(isWhole);
  const waiting = await readWaiting(
    db,
    rows.filter(isActive).map(({ id }) => id),
  );
  return rows.map((row) => toSummary(row, waiting.get(row.id)));
}

/** One deployment with everything its page shows. The row must have been loaded for the caller's team. */
export async function readDeployment(
  { db, addresses }: Pick<Services, "db" | "addresses">,
  id: string,
): Promise<DeploymentDetail> {
  const row = await db.deployment.findUnique({ where: { id }, include: WITH_CONTEXT });
  if (!row || !isWhole(row))
    throw new DomainError("not_found", "This deployment is gone: its environment was deleted.");
  const [estimate, waiting] = await Promise.all([
    estimateDeployment(db, row, expectedSteps(row)),
    readWaiting(db, isActive(row) ? [row.id] : []),
  ]);
  const hasEnded = isEnded(row.status);
  const seen = new Set(row.steps.map((step) => step.name));
  const { release } = row;
  return {
    ...toSummary(row, waiting.get(row.id)),
    teamId: row.teamId,
    steps: row.steps.map((step) => ({
      name: step.name,
      position: step.position,
      status: step.status,
      attempt: step.attempt,
      error: step.error,
      startedAt: step.startedAt,
      endedAt: step.endedAt,
      estimateMs: estimate.steps.get(step.name) ?? null,
    })),
    stepsToCome: hasEnded
      ? []
      : expectedSteps(row)
          .filter((name) => !seen.has(name))
          .map((name) => ({ name, estimateMs: estimate.steps.get(name) ?? null })),
    estimateMs: estimate.totalMs,
    estimatedFrom: estimate.from,
    plan: row.plan ? DeploymentPlan.parse(row.plan) : null,
    bake: await readBake(db, id),
    revertOf: await readRevertOf(db, id),
    proof: row.proof ? SwitchProof.parse(row.proof) : null,
    warnings: row.warnings as string[],
    url: environmentUrl(addresses, row.environment.routes),
    canRollBackToThis:
      isReleasing(row.kind) &&
      row.status === "succeeded" &&
      release !== null &&
      release.removedAt === null &&
      release.id !== row.environment.currentReleaseId,
    canCancel: row.status === "queued" || (row.status === "running" && !row.committedToTraffic),
    canRedeploy: hasEnded && isBuilding(row.kind),
    canDeployOlder: row.status === "superseded" && row.startedAt !== null && !row.allowOlder,
  };
}
