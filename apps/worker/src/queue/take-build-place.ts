import { setTimeout as sleep } from "node:timers/promises";
import type { EffectContext, ImageBuilder } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

/**
 * A builder that builds only while it has one of the server's places, which all workers of the server share. A place is
 * a mark on the lease: it ends with it, so a worker that died keeps none.
 */
export function limitBuilds(worker: Worker, lease: Lease, builder: ImageBuilder): ImageBuilder {
  return {
    build: async (request, context) => {
      // A ready image is only pulled.
      if (request.sourceFolder === null) return builder.build(request, context);
      try {
        await takeBuildPlace(worker, lease, context);
        return await builder.build(request, context);
      } finally {
        // Of a lease that is lost, the next holder has cleared it.
        await leaveBuildPlace(worker, lease).catch(() => {});
      }
    },
    inspect: (artifact) => builder.inspect(artifact),
    remove: (artifact) => builder.remove(artifact),
    listOwned: (environmentId) => builder.listOwned(environmentId),
  };
}

async function takeBuildPlace(worker: Worker, lease: Lease, { signal, log }: EffectContext): Promise<void> {
  const watch = worker.live.watch(["queue"], AbortSignal.any([signal, lease.lost]));
  try {
    for (let attempt = 1; !(await tryToTake(worker, lease)); attempt++) {
      if (attempt === 1) {
        const { builds } = worker.places;
        await log("system", `Waits for a place to build: at most ${builds} at once on this server`);
      }
      // A place whose holder died is told by nobody.
      await Promise.race([watch.next(), sleep(worker.leaseMs, undefined, { ref: false })]);
      signal.throwIfAborted();
      lease.lost.throwIfAborted();
    }
  } finally {
    watch.close();
  }
}

/**
 * Asks, and takes a place when one is free and nobody comes before: the team with the fewest builds here, then who asked
 * first. Takers of one server take turns, so that each decides on what the one before has left.
 */
async function tryToTake({ db, places, server }: Worker, { environmentId, token }: Lease): Promise<boolean> {
  const [, , taken] = await db.$transaction([
    db.$queryRaw`select pg_advisory_xact_lock(hashtext('windlass build places'), hashtext(${server}))::text`,
    db.$executeRaw`
      update "Lease" set "buildAskedAt" = clock_timestamp()
      where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token} and "buildAskedAt" is null and "expiresAt" > now()`,
    db.$executeRaw`
      with "here" as (
        select l."environmentId", l."isBuilding", l."buildAskedAt", e."teamId"
        from "Lease" l join "Environment" e on e."id" = l."environmentId"
        where l."server" = ${server} and l."buildAskedAt" is not null and l."expiresAt" > now()
      ), "line" as (
        select h."environmentId", row_number() over (
          order by (select count(*) from "here" b where b."isBuilding" and b."teamId" = h."teamId"), h."buildAskedAt", h."environmentId"
        ) as "position"
        from "here" h where not h."isBuilding"
      )
      update "Lease" l set "isBuilding" = true from "line"
      where l."environmentId" = "line"."environmentId" and l."environmentId" = ${environmentId}::uuid and l."fencingToken" = ${token}
        and "line"."position" <= ${places.builds} - (select count(*) from "here" where "isBuilding")`,
  ]);
  return taken === 1;
}

async function leaveBuildPlace({ db }: Worker, { environmentId, token }: Lease): Promise<void> {
  await db.$executeRaw`
    update "Lease" set "buildAskedAt" = null, "isBuilding" = false
    where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token}`;
}
