import type { Transaction } from "@windlass/db";
import { type DeploymentKind, DomainError, isBuilding, QUEUE_LIMITS } from "@windlass/domain";

/**
 * Refuses a request when too much waits already, itself included. What builds nothing is bounded by its environment alone:
 * a rollback or a stop is what people need when everything is going wrong.
 */
export async function requireRoom(
  tx: Transaction,
  { environmentId, teamId, kind }: { environmentId: string; teamId: string; kind: DeploymentKind },
): Promise<void> {
  const [waiting] = await tx.$queryRaw<{ environment: number; team: number; total: number }[]>`
    select count(*) filter (where "environmentId" = ${environmentId}::uuid)::int as "environment",
      count(*) filter (where "teamId" = ${teamId}::uuid)::int as "team", count(*)::int as "total"
    from "Deployment" where "status" = 'queued'`;
  if (!waiting) return;
  const { environment, team, total } = QUEUE_LIMITS;
  if (waiting.environment > environment) throw full(`${environment} deployments of this environment wait`);
  if (!isBuilding(kind)) return;
  if (waiting.team > team) throw full(`${team} deployments of your team wait`);
  if (waiting.total > total) throw full(`${total} deployments of all teams wait`);
}

const full = (what: string): DomainError =>
  new DomainError(
    "throttled",
    `${what} already, which is as many as may. Cancel some that are not needed, or try again when some have ended.`,
    { retryable: true },
  );
