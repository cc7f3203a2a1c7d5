import type { Transaction } from "@windlass/db";
import { AppSource, type DeploymentKind, DomainError } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import { actorColumns, type OperationContext } from "../operation.ts";
import { requireRoom } from "./require-room.ts";
import { supersedeWaiting } from "./supersede-waiting.ts";

export interface DeploymentRequest {
  environment: { id: string; teamId: string; slug: string };
  kind: DeploymentKind;
  /** What to deploy: a branch, tag, commit or image; empty for a rollback */
  ref: string;
  /** The release to bring back, for a rollback */
  release?: { id: string; commitSha: string | null; commitMessage: string | null; commitAuthor: string | null };
  /** In words, such as "console" or "first run" */
  trigger: string;
  /** How many shall run, for a scale */
  instances?: number;
  /** On purpose also when what is live contains the commit already */
  allowOlder?: boolean;
  /** Builds also what was built before, and takes nothing from the build's cache */
  rebuild?: boolean;
}

/**
 * Writes the deployment and enqueues it in one transaction; what waited and is overtaken by it ends there too. Returns
 * its id. Rejects with throttled when too much waits.
 */
export function requestDeployment(ctx: OperationContext, request: DeploymentRequest): Promise<string> {
  return ctx.db.$transaction((tx) => insertDeployment(ctx, tx, request));
}

/** The same within a transaction that does more. */
export async function insertDeployment(
  ctx: OperationContext,
  tx: Transaction,
  request: DeploymentRequest,
): Promise<string> {
  const { environment, kind, ref, release, trigger, instances, allowOlder = false, rebuild = false } = request;
  // Numbers count up without gaps: requests for one environment take turns.
  await tx.$queryRaw`select 1 from "Environment" where "id" = ${environment.id}::uuid for update`;
  const { branch, source, isBeingDeleted, newest } = await readNow(tx, environment.id);
  if (isBeingDeleted) throw new DomainError("conflict", "This environment is being deleted.");
  if (release) await requireKept(tx, release.id);
  const deployment = await tx.deployment.create({
    data: {
      environmentId: environment.id,
      teamId: environment.teamId,
      number: newest + 1,
      kind,
      ref,
      followsBranch: kind === "deploy" && ref === (source.kind === "image" ? source.image : branch),
      allowOlder,
      rebuild,
      instances,
      releaseId: release?.id,
      commitSha: release?.commitSha,
      commitMessage: release?.commitMessage,
      commitAuthor: release?.commitAuthor,
      trigger,
      ...actorColumns(ctx.actor),
    },
  });
  const replaced = await supersedeWaiting(tx, deployment);
  await requireRoom(tx, deployment);
  await writeAudit(tx, ctx.actor, {
    teamId: environment.teamId,
    action: `deployment.${kind}`,
    subject: `deployment:${deployment.id}`,
    detail: {
      environment: environment.slug,
      ref,
      ...(instances !== undefined && { instances }),
      ...(rebuild && { rebuild }),
      ...(replaced.length > 0 && { replaced }),
    },
  });
  await ctx.queue.wakeEnvironment(tx, { environmentId: environment.id });
  return deployment.id;
}

async function readNow(tx: Transaction, environmentId: string) {
  const [now] = await tx.$queryRaw<{ branch: string; source: unknown; isBeingDeleted: boolean; newest: number }[]>`
    select e."branch", a."source",
      (select coalesce(max("number"), 0) from "Deployment" where "environmentId" = e."id") as "newest",
      exists (
        select 1 from "Deployment" where "environmentId" = e."id" and "kind" = 'delete' and "status" in ('queued', 'running')
      ) as "isBeingDeleted"
    from "Environment" e join "App" a on a."id" = e."appId" where e."id" = ${environmentId}::uuid`;
  if (!now) throw new DomainError("not_found", "This environment is gone: it was deleted.");
  return { ...now, source: AppSource.parse(now.source) };
}

/** Waits for a clean-up that is about to take the release; once the request is written, none takes it. */
async function requireKept(tx: Transaction, releaseId: string): Promise<void> {
  const [kept] = await tx.$queryRaw<{ number: number; removedAt: Date | null }[]>`
    select "number", "removedAt" from "Release" where "id" = ${releaseId}::uuid for share`;
  if (kept && kept.removedAt === null) return;
  const name = kept ? `Release ${kept.number}` : "This release";
  throw new DomainError("conflict", `${name} was cleaned up. Deploy its commit again instead.`, { field: "releaseId" });
}
