import { setTimeout as sleep } from "node:timers/promises";
import { Artifact, DomainError, EnvironmentConfig, toDomainError } from "@windlass/domain";
import { hostsOf, instanceOf, labelsOf, openVariables, WITH_LIVE } from "../deployment/load-release.ts";
import { saveInstance, saveStopped } from "../deployment/release-history.ts";
import { acquireLease, type Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

const AT_ONCE = 4;
const ATTEMPTS = 30;
const RETRY_AFTER_MS = 1000;

/** At the worker's start: every live release runs again, and the router knows where. */
export async function restoreEnvironments(worker: Worker): Promise<void> {
  const rows = await worker.db.environment.findMany({
    where: { currentReleaseId: { not: null } },
    select: { id: true },
  });
  const waiting = rows.map((row) => row.id);
  const take = async () => {
    for (let id = waiting.pop(); id !== undefined && !worker.shutdown.aborted; id = waiting.pop()) {
      await restorePatiently(worker, id);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

/** The router, or the engine, may come up after us. */
async function restorePatiently(worker: Worker, environmentId: string): Promise<void> {
  for (let attempt = 1; !worker.shutdown.aborted; attempt++) {
    try {
      return await restoreEnvironment(worker, environmentId);
    } catch (thrown) {
      const error = toDomainError(thrown);
      const isOver = !error.retryable || attempt >= ATTEMPTS;
      worker.log[isOver ? "error" : "warn"]({ err: thrown, environmentId }, "live release could not be restored");
      if (isOver) return;
      await sleep(RETRY_AFTER_MS, undefined, { signal: worker.shutdown }).catch(() => {});
    }
  }
}

/** Does nothing while another worker works on it: who takes an unfinished deployment over restores what is live first. */
async function restoreEnvironment(worker: Worker, environmentId: string): Promise<void> {
  const lease = await acquireLease(worker.db, environmentId, worker.holder, worker.leaseMs);
  if (!lease) return;
  try {
    await restoreLive(worker, lease);
  } finally {
    await lease.release();
  }
}

/** Starts the live release's instance when it does not run, and points the router at it. */
export async function restoreLive(worker: Worker, lease: Lease): Promise<void> {
  const { environmentId } = lease;
  const environment = await worker.db.environment.findUniqueOrThrow({
    where: { id: environmentId },
    include: WITH_LIVE,
  });
  const release = environment.currentRelease;
  if (!release) return;
  const adapters = worker.runtimeOf(release.runtime);
  if ("problem" in adapters) throw new DomainError("runtime_unavailable", adapters.problem, { retryable: true });
  const known = release.instances[0];
  const state = known ? await adapters.runtime.inspect(known.name) : null;
  const instance =
    known && state?.state === "running"
      ? { ...instanceOf(known), address: state.address }
      : await adapters.runtime.start(
          {
            labels: labelsOf(worker, environment, release.id, release.id),
            artifact: Artifact.parse(release.artifact),
            config: EnvironmentConfig.parse(release.config),
            variables: openVariables(worker, release.variables),
          },
          { signal: AbortSignal.any([lease.lost, worker.shutdown]), log: () => {} },
        );
  await lease.write((tx) => saveInstance(tx, release.id, instance));
  const target = { id: instance.name, addresses: [instance.address] };
  await worker.router.apply({ service: environmentId, token: lease.token, hosts: hostsOf(environment), target });
  worker.log.info({ environmentId, instance: instance.name }, "live release restored");
}

/** For a shutdown of the whole: stops every instance that runs, and notes it. */
export async function stopInstances(worker: Worker): Promise<void> {
  const rows = await worker.db.instance.findMany({
    where: { status: { not: "stopped" } },
    include: { release: true },
  });
  await Promise.all(
    rows.map(async (row) => {
      const adapters = worker.runtimeOf(row.release.runtime);
      if ("problem" in adapters) return;
      const { stopSeconds } = EnvironmentConfig.parse(row.release.config);
      try {
        await adapters.runtime.stop(row.name, stopSeconds);
        await worker.db.$transaction((tx) => saveStopped(tx, row.name));
      } catch (error) {
        worker.log.error({ err: error, instance: row.name }, "instance could not be stopped");
      }
    }),
  );
}
