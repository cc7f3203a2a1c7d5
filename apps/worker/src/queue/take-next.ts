import { keepLease, type Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

/** A deployment, and the lease of its environment, for this worker alone. */
export interface Taken {
  deploymentId: string;
  /** A worker began it that is gone */
  isTakenOver: boolean;
  lease: Lease;
}

interface Next {
  id: string;
  environmentId: string;
  isTakenOver: boolean;
  /** Null when another worker was faster */
  fencingToken: bigint | null;
}

/**
 * Takes what is to be done next, or null when there is nothing that this worker may begin: the lease of an environment
 * that nobody holds, for the deployment that a worker left behind there, or else for the oldest that waits. Between
 * environments: what was left behind, then rollbacks, then the team with the fewest at work, then the oldest.
 *
 * One statement decides and takes. Of several workers that see the same line one gets the lease's row; the others come
 * away without it and look again at the line as it is by then, so the order holds however many there are.
 */
export async function takeNext(worker: Worker, { hasPlace }: { hasPlace: boolean }): Promise<Taken | null> {
  const { db, holder, leaseMs, places } = worker;
  while (!worker.shutdown.aborted) {
    const [next] = await db.$queryRaw<Next[]>`
      with "atWork" as (
        select e."teamId", l."holder" from "Lease" l join "Environment" e on e."id" = l."environmentId"
        where l."expiresAt" > now() and l."deploymentId" is not null
      ), "first" as (
        select distinct on (d."environmentId") d.*
        from "Deployment" d left join "Lease" l on l."environmentId" = d."environmentId" and l."expiresAt" > now()
        where d."status" in ('queued', 'running') and l."environmentId" is null
        order by d."environmentId", d."status" desc, d."number"
      ), "next" as (
        select f."id", f."environmentId", f."status" = 'running' as "isTakenOver" from "first" f
        where f."status" = 'running' or ${hasPlace} and (
          (select count(*) from "atWork" a where a."teamId" = f."teamId" and a."holder" = ${holder}) < ${places.perTeam}
          or not exists (select 1 from "Environment" e where e."teamId" <> f."teamId")
        )
        order by f."status" desc, (f."kind" = 'rollback') desc,
          (select count(*) from "atWork" a where a."teamId" = f."teamId"), f."queuedAt", f."id"
        limit 1
      ), "taken" as (
        insert into "Lease" ("environmentId", "holder", "fencingToken", "expiresAt", "deploymentId", "server")
        select n."environmentId", ${holder}, 1, now() + ${leaseMs} * interval '1 millisecond', n."id", ${worker.server} from "next" n
        on conflict ("environmentId") do update
          set "holder" = excluded."holder", "fencingToken" = "Lease"."fencingToken" + 1, "expiresAt" = excluded."expiresAt",
            "deploymentId" = excluded."deploymentId", "server" = excluded."server", "buildAskedAt" = null, "isBuilding" = false
          where "Lease"."expiresAt" <= now()
        returning "environmentId", "fencingToken"
      )
      select n.*, t."fencingToken" from "next" n left join "taken" t using ("environmentId")`;
    if (!next) return null;
    if (next.fencingToken === null) continue;
    const lease = keepLease(db, next.environmentId, Number(next.fencingToken), leaseMs);
    return { deploymentId: next.id, isTakenOver: next.isTakenOver, lease };
  }
  return null;
}
