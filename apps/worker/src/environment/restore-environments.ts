import { setTimeout as sleep } from "node:timers/promises";
import { Artifact, DomainError, EnvironmentConfig, toDomainError } from "@windlass/domain";
import { targetOf } from "@windlass/engine";
import { firstOrdinals, hostsOf, instanceOf, labelsOf, openVariables, WITH_LIVE } from "../deployment/load-release.ts";
import { saveInstance, saveStopped } from "../deployment/release-history.ts";
import { acquireLease, type Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import { applyHold } from "./apply-hold.ts";

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

/** Starts the live release's instances that do not run, and points the router at them. */
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
  const { runtime } = adapters;
  const known = new Map(release.instances.map((row) => [row.ordinal, instanceOf(row)]));
  const wanted =
    known.size > 0 ? [...known.keys()] : firstOrdinals(EnvironmentConfig.parse(environment.config).instances);
  const request = {
    labels: labelsOf(worker, environment, release.id, release.id),
    artifact: Artifact.parse(release.artifact),
    config: EnvironmentConfig.parse(release.config),
    variables: openVariables(worker, release.variables),
  };
  const context = { signal: AbortSignal.any([lease.lost, worker.shutdown]), log: () => {} };
  const instances = await Promise.all(
    wanted.map(async (ordinal) => {
      const instance = known.get(ordinal);
      const state = instance && (await runtime.inspect(instance.name));
      return instance && state?.state === "running"
        ? { ...instance, address: state.address }
        : runtime.start({ ...request, ordinal }, context);
    }),
  );
  await lease.write(async (tx) => {
    for (const instance of instances) await saveInstance(tx, release.id, instance);
  });
  const target = targetOf(release.id, instances);
  await worker.router.apply({ service: environmentId, token: lease.token, hosts: hostsOf(environment), target });
  await applyHold(worker, lease);
  worker.log.info({ environmentId, instances: instances.map(({ name }) => name) }, "live release restored");
}

/** For a shutdown of the whole: stops every instance. */
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
        // What serves shall run again: its row stays as it is.
        if (row.status !== "running") await worker.db.$transaction((tx) => saveStopped(tx, row.name));
      } catch (error) {
        worker.log.error({ err: error, instance: row.name }, "instance could not be stopped");
      }
    }),
  );
}
