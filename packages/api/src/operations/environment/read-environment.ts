import type { Prisma } from "@windlass/db";
import { Artifact, DomainError, EnvironmentConfig, TrafficHold } from "@windlass/domain";
import type {
  DeploymentSummary,
  EnvironmentDetail,
  EnvironmentState,
  EnvironmentSummary,
  ReleaseOut,
} from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { commitOf, readDeployments } from "../deployment/read-deployments.ts";
import { readFindings } from "../finding/read-findings.ts";
import { environmentUrl } from "./environment-url.ts";

export const WITH_MAKER = {
  deployments: { where: { kind: { in: ["deploy", "redeploy"] } }, orderBy: { id: "asc" }, take: 1 },
  instances: { where: { status: "warm" }, orderBy: { warmUntil: "asc" }, take: 1 },
} satisfies Prisma.ReleaseInclude;

export const ENVIRONMENT_PARTS = {
  routes: { orderBy: { createdAt: "asc" } },
  currentRelease: {
    include: { ...WITH_MAKER, _count: { select: { instances: { where: { status: "running" } } } } },
  },
} satisfies Prisma.EnvironmentInclude;

type EnvironmentRow = Prisma.EnvironmentGetPayload<{ include: typeof ENVIRONMENT_PARTS }>;
type ReleaseRow = Prisma.ReleaseGetPayload<{ include: typeof WITH_MAKER }>;

export function toRelease(row: ReleaseRow, currentReleaseId: string | null): ReleaseOut {
  const maker = row.deployments[0];
  return {
    id: row.id,
    number: row.number,
    runtime: row.runtime,
    commit: commitOf({ ...row, committedAt: maker?.committedAt ?? null }),
    origin: Artifact.parse(row.artifact).origin,
    createdAt: row.createdAt,
    isLive: row.id === currentReleaseId,
    warmUntil: row.instances[0]?.warmUntil ?? null,
    deploymentId: maker?.id ?? null,
    deployedBy: maker?.actorName ?? null,
  };
}

type Newest = Pick<DeploymentSummary, "kind" | "status"> | undefined;

function stateOf(row: EnvironmentRow, newest: Newest): EnvironmentState {
  if (newest?.status === "queued" || newest?.status === "running") {
    return newest.kind === "delete" ? "deleting" : "deploying";
  }
  if (newest?.status === "failed") return "failed";
  if (row.stoppedAt) return "stopped";
  return row.currentReleaseId ? "live" : "empty";
}

function holdOf({ hold, heldAt, heldBy }: EnvironmentRow): EnvironmentSummary["hold"] {
  return hold && heldAt && heldBy ? { hold: TrafficHold.parse(hold), heldAt, heldBy } : null;
}

/** The summaries of environments that were loaded for the caller's team. */
export async function summariseEnvironments(
  services: Pick<Services, "db" | "addresses">,
  rows: EnvironmentRow[],
): Promise<EnvironmentSummary[]> {
  const newest = await Promise.all(
    rows.map((row) => readDeployments(services, { environmentId: row.id }, { limit: 1 })),
  );
  return rows.map((row, index) => ({
    id: row.id,
    appId: row.appId,
    slug: row.slug,
    name: row.name,
    branch: row.branch,
    runtime: row.runtime,
    state: stateOf(row, newest[index]?.[0]),
    url: environmentUrl(services.addresses, row.routes),
    stopped: row.stoppedAt && { at: row.stoppedAt, by: row.stoppedBy ?? "" },
    instances: {
      running: row.currentRelease?._count.instances ?? 0,
      wanted: EnvironmentConfig.parse(row.config).instances,
    },
    release: row.currentRelease ? toRelease(row.currentRelease, row.currentReleaseId) : null,
    hold: holdOf(row),
    isHoldWaiting: row.holdVersion !== row.holdApplied,
    lastDeployment: newest[index]?.[0] ?? null,
  }));
}

const DEPLOYMENTS_SHOWN = 50;
const FINDINGS_SHOWN = 20;

/** One environment with everything its page shows. It must have been loaded for the caller's team. */
export async function readEnvironment(
  services: Pick<Services, "db" | "addresses">,
  id: string,
): Promise<EnvironmentDetail> {
  const { db } = services;
  const row = await db.environment.findUnique({
    where: { id },
    include: {
      ...ENVIRONMENT_PARTS,
      variables: { orderBy: { key: "asc" } },
      releases: { where: { removedAt: null }, orderBy: { number: "desc" }, include: WITH_MAKER },
    },
  });
  if (!row) throw new DomainError("not_found", "This environment is gone: it was deleted.");
  const [summary] = await summariseEnvironments(services, [row]);
  const instances = row.currentReleaseId
    ? await db.instance.findMany({
        where: { releaseId: row.currentReleaseId, status: { not: "stopped" } },
        orderBy: { ordinal: "asc" },
      })
    : [];
  const live = row.currentRelease;
  const config = EnvironmentConfig.parse(row.config);
  const running = instances.filter(({ status }) => status === "running").length;
  const isSameConfig =
    !live || sameJson({ ...EnvironmentConfig.parse(live.config), instances: running || config.instances }, config);
  return {
    ...(summary as EnvironmentSummary),
    config,
    variables: row.variables.map(({ key, value, updatedAt }) => ({ key, value, isSecret: value === null, updatedAt })),
    hosts: row.routes.map((route) => route.host),
    releases: row.releases.map((release) => toRelease(release, row.currentReleaseId)),
    deployments: await readDeployments(services, { environmentId: id }, { limit: DEPLOYMENTS_SHOWN }),
    running: instances.map(({ name, status, startedAt }) => ({ name, status, startedAt })),
    hasUnappliedChanges: live !== null && (!isSameConfig || live.variablesVersion !== row.variablesVersion),
    findings: await readFindings(services, { environmentId: id }, FINDINGS_SHOWN),
  };
}

/** Both sides come from one schema's parse, so their keys stand in one order. */
const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
