import { Artifact, DomainError } from "@windlass/domain";
import type { ReleaseHistory } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";

/** What a new release is written down with; null for a rollback, whose release exists already. */
export interface NewRelease {
  runtime: "docker" | "process";
  config: object;
  /** Encrypted */
  variables: Uint8Array<ArrayBuffer>;
  variablesVersion: number;
  variableDigests: Record<string, string>;
}

/** The engine's history of releases over the database, every write under the lease. */
export function createReleaseHistory(
  lease: Lease,
  ids: { deploymentId: string; environmentId: string; releaseId: string },
  newRelease: NewRelease | null,
  keepReleases: number,
): ReleaseHistory {
  const { deploymentId, environmentId, releaseId } = ids;
  return {
    commit({ artifact, instance }) {
      return lease.write(async (tx) => {
        const committed = await tx.deployment.updateMany({
          where: {
            id: deploymentId,
            status: "running",
            OR: [{ cancelRequestedAt: null }, { committedToTraffic: true }],
          },
          data: { committedToTraffic: true },
        });
        if (committed.count === 0)
          throw new DomainError("cancelled", "Cancelled. What this deployment had made was taken back.");
        if (newRelease && !(await tx.release.findUnique({ where: { id: releaseId } }))) {
          const newest = await tx.release.aggregate({ where: { environmentId }, _max: { number: true } });
          const made = await tx.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
          await tx.release.create({
            data: {
              id: releaseId,
              environmentId,
              number: (newest._max.number ?? 0) + 1,
              artifact,
              ...newRelease,
              commitSha: made.commitSha,
              commitMessage: made.commitMessage,
              commitAuthor: made.commitAuthor,
            },
          });
        }
        await tx.deployment.update({ where: { id: deploymentId }, data: { releaseId } });
        await tx.environment.update({ where: { id: environmentId }, data: { currentReleaseId: releaseId } });
        await saveInstance(tx, releaseId, instance);
      });
    },

    async retired(name) {
      await lease.write((tx) =>
        tx.instance.updateMany({ where: { name }, data: { status: "stopped", stoppedAt: new Date() } }),
      );
    },

    async expired() {
      const past = await lease.write(async (tx) => {
        const { currentReleaseId } = await tx.environment.findUniqueOrThrow({ where: { id: environmentId } });
        return tx.release.findMany({
          where: { environmentId, removedAt: null, id: { not: currentReleaseId ?? releaseId } },
          orderBy: { number: "desc" },
          skip: keepReleases,
        });
      });
      return past.map((release) => ({ releaseId: release.id, artifact: Artifact.parse(release.artifact) }));
    },

    async forget(id) {
      await lease.write((tx) => tx.release.update({ where: { id }, data: { removedAt: new Date() } }));
    },
  };
}

type Writer = Parameters<Parameters<Lease["write"]>[0]>[0];

/** Notes where an instance of a release runs. */
export async function saveInstance(
  tx: Writer,
  releaseId: string,
  instance: { name: string; address: { host: string; port: number } },
): Promise<void> {
  const running = {
    releaseId,
    address: `${instance.address.host}:${instance.address.port}`,
    status: "running" as const,
    startedAt: new Date(),
    stoppedAt: null,
  };
  await tx.instance.upsert({
    where: { name: instance.name },
    create: { name: instance.name, ...running },
    update: running,
  });
}
