import { type Database, Prisma } from "@windlass/db";
import { Artifact, DomainError, type EnvironmentConfig, type StartedInstance } from "@windlass/domain";
import type { KeptRelease, ReleaseHistory } from "@windlass/engine";
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
  ids: Ids & { scaleTo: number | null; startedAt: Date },
  newRelease: NewRelease | null,
  keeping: Keeping,
): ReleaseHistory {
  const { deploymentId, environmentId, releaseId, scaleTo, startedAt } = ids;
  const { warmMinutes, bakeMinutes } = keeping;

  /**
   * The point of no return, and in the same statement what belongs to it, `from made`: from here on the deployment cannot
   * be cancelled. Rejects when it was before.
   */
  async function passPointOfNoReturn(parts: Prisma.Sql[], madeReleaseId: string | null): Promise<void> {
    const made = Prisma.sql`made as (
      update "Deployment" set "committedToTraffic" = true, "releaseId" = coalesce(${madeReleaseId}::uuid, "releaseId") from held
      where "id" = ${deploymentId}::uuid and "status" = 'running' and ("cancelRequestedAt" is null or "committedToTraffic")
      returning "commitSha", "commitMessage", "commitAuthor", "actorName")`;
    const passed = await lease.change([made, ...parts], { counted: "made" });
    if (passed === 0) throw new DomainError("cancelled", "Cancelled. What this deployment had made was taken back.");
  }

  /** What is past its time once this release is live, whether it is by now or not. What was live is the way back from it. */
  async function findPast(): Promise<KeptRelease[]> {
    const [kept, begun] = await Promise.all([
      readKept(db, { environmentId }),
      // A worker that died may have forgotten one and not yet removed what it was made of.
      db.release.findMany({ where: { environmentId, removedAt: { gte: startedAt } } }),
    ]);
    const then = kept.map((release) => ({
      ...release,
      isLive: release.id === releaseId,
      isWanted: release.isWanted || release.isLive,
    }));
    const past = [...pastKept(then, keeping, Date.now()), ...begun];
    return past.map(({ id, artifact }) => ({ releaseId: id, artifact: Artifact.parse(artifact) }));
  }

  return {
    async commit({ artifact, instances }) {
      const scaled = Prisma.sql`jsonb_set("config", '{instances}', to_jsonb(${scaleTo}::int))`;
      const live = Prisma.sql`live as (
        update "Environment" set "currentReleaseId" = ${releaseId}::uuid, "stoppedAt" = null, "stoppedBy" = null,
          "config" = ${scaleTo === null ? Prisma.sql`"config"` : scaled}, "updatedAt" = now()
        from made where "id" = ${environmentId}::uuid)`;
      const retiring = Prisma.sql`retiring as (
        update "Instance" i set "status" = 'retiring' from made, "Release" r
        where r."id" = i."releaseId" and r."environmentId" = ${environmentId}::uuid and i."status" = 'running'
          and i."name" <> all(${instances.map(({ name }) => name)}::text[]))`;
      const parts = [live, retiring, serving("made", releaseId, instances)];
      if (newRelease) parts.push(released(ids, newRelease, artifact));
      if (newRelease && bakeMinutes > 0) parts.push(baking(ids, bakeMinutes));
      // What could not be read must not take back what is committed: the hourly clean-up finds it too.
      const finding = findPast().catch((): KeptRelease[] => []);
      await passPointOfNoReturn(parts, releaseId);
      return finding;
    },

    stop() {
      const stopped = Prisma.sql`stopped as (
        update "Environment" set "stoppedAt" = now(), "stoppedBy" = made."actorName", "updatedAt" = now() from made
        where "id" = ${environmentId}::uuid and "stoppedAt" is null)`;
      const retiring = Prisma.sql`retiring as (
        update "Instance" i set "status" = 'retiring', "warmedAt" = null, "warmUntil" = null from made, "Release" r
        where r."id" = i."releaseId" and r."environmentId" = ${environmentId}::uuid and i."status" in ('running', 'warm'))`;
      return passPointOfNoReturn([stopped, retiring], null);
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

interface Ids {
  deploymentId: string;
  environmentId: string;
  releaseId: string;
}

/** The new release, with the next number. */
function released({ releaseId, environmentId }: Ids, release: NewRelease, artifact: Artifact): Prisma.Sql {
  return Prisma.sql`released as (
    insert into "Release" ("id", "environmentId", "number", "runtime", "artifact", "config", "variables", "variablesVersion",
      "variableDigests", "hosts", "commitSha", "commitMessage", "commitAuthor")
    select ${releaseId}::uuid, ${environmentId}::uuid,
      (select coalesce(max("number"), 0) + 1 from "Release" where "environmentId" = ${environmentId}::uuid),
      ${release.runtime}::"RuntimeKind", ${JSON.stringify(artifact)}::jsonb, ${JSON.stringify(release.config)}::jsonb,
      ${release.variables}, ${release.variablesVersion}::int, ${JSON.stringify(release.variableDigests)}::jsonb,
      ${release.hosts}::text[], "commitSha", "commitMessage", "commitAuthor" from made
    on conflict do nothing)`;
}

/** The new release is watched, when there is one to go back to. */
function baking({ deploymentId, environmentId, releaseId }: Ids, minutes: number): Prisma.Sql {
  const endsAt = new Date(Date.now() + minutes * 60_000);
  return Prisma.sql`baking as (
    insert into "Bake" ("deploymentId", "environmentId", "releaseId", "previousReleaseId", "endsAt")
    select ${deploymentId}::uuid, e."id", ${releaseId}::uuid, e."currentReleaseId", ${endsAt}::timestamptz
    from made, "Environment" e where e."id" = ${environmentId}::uuid and e."currentReleaseId" <> ${releaseId}::uuid
    on conflict ("deploymentId") do nothing)`;
}

type Writer = Parameters<Parameters<Lease["write"]>[0]>[0];

/** Notes where the instances of a release run; a part of a change under the lease. */
export function serving(from: "held" | "made", releaseId: string, instances: readonly StartedInstance[]): Prisma.Sql {
  const rows = instances.map(({ name, ordinal, address }) => ({
    name,
    ordinal,
    address: `${address.host}:${address.port}`,
  }));
  return Prisma.sql`serving as (
    insert into "Instance" ("id", "releaseId", "name", "ordinal", "address", "status", "startedAt")
    select gen_random_uuid(), ${releaseId}::uuid, i."name", i."ordinal", i."address", 'running', ${new Date()}::timestamptz
    from ${Prisma.raw(from)}, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as i("name" text, "ordinal" int, "address" text)
    on conflict ("name") do update set "releaseId" = excluded."releaseId", "ordinal" = excluded."ordinal",
      "address" = excluded."address", "status" = 'running', "warmedAt" = null, "warmUntil" = null, "stoppedAt" = null,
      "startedAt" = case "Instance"."status" when 'stopped' then excluded."startedAt" else "Instance"."startedAt" end)`;
}

/** Notes that an instance was stopped and confirmed gone. */
export async function saveStopped(tx: Writer, name: string): Promise<void> {
  await tx.instance.updateMany({
    where: { name },
    data: { status: "stopped", stoppedAt: new Date(), warmedAt: null, warmUntil: null },
  });
}
