import { type Database, Prisma } from "@windlass/db";
import { Artifact, DomainError, type EnvironmentConfig, type StartedInstance } from "@windlass/domain";
import type { ReleaseHistory } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";
import { pastKept } from "../storage/past-kept.ts";
import { readKept } from "../storage/read-kept.ts";

/** What a new release is written down with; null for a rollback, whose release exists already. */
export interface NewRelease {
  runtime: "docker" | "process";
  config: object;
  /** Encrypted */
  variables: Uint8Array<ArrayBuffer>;
  variablesVersion: number;
  variableDigests: Record<string, string>;
  hosts: string[];
}

/** How long what no longer serves is kept: the environment's own settings, never a release's. */
export type Keeping = Pick<EnvironmentConfig, "keepReleases" | "keepDays" | "warmMinutes" | "bakeMinutes">;

/** The engine's history of releases over the database, every write under the lease. */
export function createReleaseHistory(
  db: Database,
  lease: Lease,
  ids: { deploymentId: string; environmentId: string; releaseId: string; scaleTo: number | null },
  newRelease: NewRelease | null,
  keeping: Keeping,
): ReleaseHistory {
  const { deploymentId, environmentId, releaseId, scaleTo } = ids;
  const { warmMinutes, bakeMinutes } = keeping;

  /** From here on it cannot be cancelled; rejects when somebody did so before. */
  async function passPointOfNoReturn(tx: Writer) {
    const [made] = await tx.deployment.updateManyAndReturn({
      where: {
        id: deploymentId,
        status: "running",
        OR: [{ cancelRequestedAt: null }, { committedToTraffic: true }],
      },
      data: { committedToTraffic: true },
      select: { commitSha: true, commitMessage: true, commitAuthor: true },
    });
    if (!made) throw new DomainError("cancelled", "Cancelled. What this deployment had made was taken back.");
    return made;
  }

  return {
    commit({ artifact, instances }) {
      return lease.write(async (tx) => {
        const made = await passPointOfNoReturn(tx);
        if (newRelease) {
          const newest = await tx.release.aggregate({ where: { environmentId }, _max: { number: true } });
          const number = (newest._max.number ?? 0) + 1;
          await tx.release.createMany({
            data: { id: releaseId, environmentId, number, artifact, ...newRelease, ...made },
            skipDuplicates: true,
          });
        }
        await tx.deployment.updateMany({ where: { id: deploymentId }, data: { releaseId } });
        if (newRelease && bakeMinutes > 0) await beginBake(tx, ids, bakeMinutes);
        await tx.environment.updateMany({
          where: { id: environmentId },
          data: { currentReleaseId: releaseId, stoppedAt: null, stoppedBy: null },
        });
        if (scaleTo !== null) {
          await tx.$executeRaw`
            update "Environment" set "config" = jsonb_set("config", '{instances}', to_jsonb(${scaleTo}::int))
            where "id" = ${environmentId}::uuid`;
        }
        await tx.instance.updateMany({
          where: {
            status: "running",
            release: { environmentId },
            name: { notIn: instances.map(({ name }) => name) },
          },
          data: { status: "retiring" },
        });
        for (const instance of instances) await saveInstance(tx, releaseId, instance);
      });
    },

    async stop() {
      await lease.write(async (tx) => {
        await passPointOfNoReturn(tx);
        const { actorName } = await tx.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
        await tx.environment.updateMany({
          where: { id: environmentId, stoppedAt: null },
          data: { stoppedAt: new Date(), stoppedBy: actorName },
        });
        await tx.instance.updateMany({
          where: { release: { environmentId }, status: { in: ["running", "warm"] } },
          data: { status: "retiring", warmedAt: null, warmUntil: null },
        });
      });
    },

    async findBuilt(builtFrom) {
      const found = await db.release.findFirst({
        where: { environmentId, removedAt: null, artifact: { path: ["builtFrom"], equals: builtFrom } },
        orderBy: { number: "desc" },
        select: { number: true, artifact: true },
      });
      return found && { number: found.number, artifact: Artifact.parse(found.artifact) };
    },

    async keepWarm(names) {
      if (warmMinutes === 0) return null;
      const warmedAt = new Date();
      const warmUntil = new Date(warmedAt.getTime() + warmMinutes * 60_000);
      // Only the release that served last is worth its memory: those before it are due now.
      const cooled = Prisma.sql`cooled as (
        update "Instance" i set "warmUntil" = ${warmedAt}::timestamptz from held, "Release" r
        where r."id" = i."releaseId" and r."environmentId" = ${environmentId}::uuid
          and i."status" = 'warm' and i."name" <> all(${names}::text[]))`;
      const warmed = Prisma.sql`warmed as (
        update "Instance" set "status" = 'warm', "warmedAt" = ${warmedAt}::timestamptz, "warmUntil" = ${warmUntil}::timestamptz
        from held where "name" = any(${names}::text[]))`;
      await lease.change([cooled, warmed], { isDurable: false });
      return warmUntil;
    },

    async warm() {
      const rows = await db.instance.findMany({ where: { release: { environmentId }, status: "warm" } });
      return rows.map(({ name }) => name);
    },

    async retired(name) {
      await lease.write((tx) => saveStopped(tx, name));
    },

    async expired() {
      const past = pastKept(await readKept(db, { environmentId }), keeping, Date.now());
      // A worker that died may have forgotten one and not yet removed what it was made of.
      const { startedAt } = await db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
      const begun = await db.release.findMany({
        where: { environmentId, removedAt: { gte: startedAt ?? new Date() } },
      });
      return [...past, ...begun].map(({ id, artifact }) => ({ releaseId: id, artifact: Artifact.parse(artifact) }));
    },

    forget: (id) => lease.write((tx) => forgetRelease(tx, id)),
  };
}

/**
 * Takes a release from those that can be rolled back to; false when somebody asked for that first. Who asks waits at its
 * row meanwhile, and is told (`requestRollback`).
 */
export async function forgetRelease(tx: Writer, id: string): Promise<boolean> {
  await tx.$queryRaw`select 1 from "Release" where "id" = ${id}::uuid for update`;
  const { count } = await tx.release.updateMany({
    where: { id, currentEnvironment: null, deployments: { none: { kind: "rollback", endedAt: null } } },
    data: { removedAt: new Date() },
  });
  return count > 0;
}

/** The new release is watched, when there is one to go back to. */
async function beginBake(
  tx: Writer,
  { deploymentId, environmentId, releaseId }: { deploymentId: string; environmentId: string; releaseId: string },
  minutes: number,
): Promise<void> {
  const { currentReleaseId } = await tx.environment.findUniqueOrThrow({ where: { id: environmentId } });
  if (!currentReleaseId || currentReleaseId === releaseId) return;
  const endsAt = new Date(Date.now() + minutes * 60_000);
  const bake = { environmentId, releaseId, previousReleaseId: currentReleaseId, endsAt };
  await tx.bake.upsert({ where: { deploymentId }, create: { deploymentId, ...bake }, update: bake });
}

type Writer = Parameters<Parameters<Lease["write"]>[0]>[0];

/** Notes where an instance of a release runs. */
export async function saveInstance(
  tx: Writer,
  releaseId: string,
  { name, ordinal, address }: StartedInstance,
): Promise<void> {
  const running = {
    releaseId,
    ordinal,
    address: `${address.host}:${address.port}`,
    status: "running" as const,
    warmedAt: null,
    warmUntil: null,
    stoppedAt: null,
  };
  const before = await tx.instance.findUnique({ where: { name } });
  const startedAt = before && before.status !== "stopped" ? before.startedAt : new Date();
  await tx.instance.upsert({
    where: { name },
    create: { name, startedAt, ...running },
    update: { startedAt, ...running },
  });
}

/** Notes that an instance was stopped and confirmed gone. */
export async function saveStopped(tx: Writer, name: string): Promise<void> {
  await tx.instance.updateMany({
    where: { name },
    data: { status: "stopped", stoppedAt: new Date(), warmedAt: null, warmUntil: null },
  });
}
