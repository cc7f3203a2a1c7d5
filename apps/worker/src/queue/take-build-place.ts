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
    reuse: (artifact, labels) => builder.reuse(artifact, labels),
    inspect: (artifact) => builder.inspect(artifact),
    remove: (artifact) => builder.remove(artifact),
    listOwned: (environmentId) => builder.listOwned(environmentId),
  };
}

async function takeBuildPlace(worker: Worker, lease: Lease, { signal, log }: EffectContext): Promise<void> {
  const watch = worker.live.watch(["builds"], AbortSignal.any([signal, lease.lost]));
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
    // Cancelled in the moment that it got one.
    signal.throwIfAborted();
  } finally {
    watch.close();
  }
}

async function tryToTake({ db, places }: Worker, { environmentId, token }: Lease): Promise<boolean> {
  const [answer] = await db.$queryRaw<{ taken: boolean }[]>`
    select windlass_take_build_place(${environmentId}::uuid, ${token}::bigint, ${places.builds}::int) as "taken"`;
  return answer?.taken === true;
}

async function leaveBuildPlace({ db }: Worker, { environmentId, token }: Lease): Promise<void> {
  await db.$executeRaw`
    update "Lease" set "buildAskedAt" = null, "isBuilding" = false
    where "environmentId" = ${environmentId}::uuid and "fencingToken" = ${token}`;
}
