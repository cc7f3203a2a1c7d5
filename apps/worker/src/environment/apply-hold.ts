import { TrafficHold } from "@windlass/domain";
import { hostsOf, WITH_LIVE } from "../deployment/load-release.ts";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

/** Tells the router what shall hold the environment's requests back, or that nothing shall, and notes that it knows. */
export async function applyHold({ db, router }: Worker, lease: Lease): Promise<void> {
  const { environmentId } = lease;
  const environment = await db.environment.findUniqueOrThrow({ where: { id: environmentId }, include: WITH_LIVE });
  const { hold, holdVersion, holdApplied, currentReleaseId } = environment;
  const command = { service: environmentId, token: lease.token };
  // A hold can come before the first release. Where something is live, the router is told of it elsewhere.
  if (currentReleaseId === null && (await router.table({ service: environmentId })).services.length === 0)
    await router.apply({ ...command, hosts: hostsOf(environment), target: null });
  await router.hold({ ...command, hold: hold === null ? null : TrafficHold.parse(hold) });
  if (holdApplied === holdVersion) return;
  await lease.write((tx) =>
    tx.environment.update({ where: { id: environmentId }, data: { holdApplied: holdVersion } }),
  );
}

/** While a lease is held for longer, as by a deployment: its holder applies what is announced meanwhile. */
export function followHold(worker: Worker, lease: Lease): Disposable {
  const { environmentId } = lease;
  const over = new AbortController();
  const watch = worker.live.watch([`hold:${environmentId}`], AbortSignal.any([over.signal, lease.lost]));
  const follow = async (): Promise<void> => {
    while (await watch.next()) {
      try {
        const row = await worker.db.environment.findUnique({ where: { id: environmentId } });
        if (row && row.holdVersion !== row.holdApplied) await applyHold(worker, lease);
      } catch (error) {
        // Whoever looks for waiting holds tries again once the lease is free.
        worker.log.warn({ err: error, environmentId }, "hold not applied yet");
      }
    }
  };
  void follow();
  return { [Symbol.dispose]: () => over.abort() };
}
