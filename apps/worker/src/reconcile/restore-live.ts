import { Artifact, DomainError, EnvironmentConfig } from "@windlass/domain";
import { targetOf } from "@windlass/engine";
import {
  firstOrdinals,
  hostsOf,
  instanceOf,
  labelsOf,
  openVariables,
  stoppedNotice,
  WITH_LIVE,
} from "../deployment/load-release.ts";
import { serving } from "../deployment/release-history.ts";
import { applyHold } from "../environment/apply-hold.ts";
import { fenceEffects } from "../lease/fence-effects.ts";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";

/** Starts the live release's instances that do not run, and points the router at them; or at nothing, when they are to be stopped. */
export async function restoreLive(worker: Worker, lease: Lease): Promise<void> {
  const { environmentId } = lease;
  const environment = await worker.db.environment.findUniqueOrThrow({
    where: { id: environmentId },
    include: WITH_LIVE,
  });
  const release = environment.currentRelease;
  const deletion = await worker.db.deployment.count({ where: { environmentId, kind: "delete", status: "running" } });
  if (!release || deletion > 0) return;
  const service = { service: environmentId, token: lease.token, hosts: hostsOf(environment) };
  if (environment.stoppedAt) {
    await worker.router.apply({ ...service, target: null, notice: stoppedNotice(environment) });
    return applyHold(worker, lease);
  }
  const adapters = worker.runtimeOf(release.runtime);
  if ("problem" in adapters) throw new DomainError("runtime_unavailable", adapters.problem, { retryable: true });
  const { runtime } = fenceEffects(adapters, lease);
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
  await lease.change([serving("held", release.id, instances)]);
  const target = targetOf(release.id, instances);
  await worker.router.apply({ ...service, target });
  await applyHold(worker, lease);
  worker.log.info({ environmentId, instances: instances.map(({ name }) => name) }, "live release restored");
}
