import type { Database } from "@windlass/db";
import { isEnded } from "@windlass/domain";
import { isBefore, type NumberedCommit } from "./numbered-commits.ts";

/** A change of a deployment's status, in the order the database committed them for its environment. */
interface Move {
  deploymentId: string;
  environmentId: string;
  status: string;
}

/** What a worker's database connections are named after; those of others may write what they like. */
export const connectionName = (worker: string): string => `worker ${worker}`;

/** Whose environment a row is of, for each table that only the holder of its lease may change. */
const ENVIRONMENT_OF = {
  Deployment: `new."environmentId"`,
  Environment: `new."id"`,
  Instance: `(select "environmentId" from "Release" where "id" = new."releaseId")`,
  LogChunk: `(select "environmentId" from "Deployment" where "id" = new."deploymentId")`,
  Release: `new."environmentId"`,
  Step: `(select "environmentId" from "Deployment" where "id" = new."deploymentId")`,
};
/** Where also others write, the columns that are the holder's. */
const ITS_COLUMNS: Partial<Record<string, string>> = {
  Deployment: `update of "status", "committedToTraffic", "releaseId", "commitSha", "plan", "proof"`,
  Environment: `update of "currentReleaseId"`,
  // That a warm one which does not run is due may be said by anyone; it is cooled under the lease.
  Instance: `insert or update of "status", "address"`,
};

/**
 * Writes down from now on every move, whoever makes it, and every change to an environment's books by a worker that
 * another one has taken it over from: by the names of their connections, not by what they believe. And lets nothing but
 * the leases keep deployments apart.
 */
export async function recordHistory(db: Database): Promise<void> {
  const statements = [
    `create table moves ("seq" bigserial, "deploymentId" uuid, "environmentId" uuid, "status" text)`,
    `create function record_move() returns trigger language plpgsql as $$ begin
      insert into moves ("deploymentId", "environmentId", "status") values (new."id", new."environmentId", new."status");
      return null; end $$`,
    `create trigger record_move after update of "status" on "Deployment" for each row execute function record_move()`,
    `drop index "Deployment_one_running"`,
    `create table takers ("environmentId" uuid primary key, "worker" text)`,
    `create function record_taker() returns trigger language plpgsql as $$ begin
      insert into takers values (new."environmentId", current_setting('application_name'))
      on conflict ("environmentId") do update set "worker" = excluded."worker";
      return null; end $$`,
    `create trigger record_taker after insert or update of "fencingToken" on "Lease" for each row execute function record_taker()`,
    `create table trespasses ("environmentId" uuid, "what" text, "worker" text, "taker" text)`,
  ];
  for (const [table, environment] of Object.entries(ENVIRONMENT_OF)) {
    statements.push(
      `create function record_trespass_${table}() returns trigger language plpgsql as $$ begin
        insert into trespasses select t."environmentId", '${table}', current_setting('application_name'), t."worker" from takers t
        where current_setting('application_name') like '${connectionName("%")}'
          and t."environmentId" = ${environment} and t."worker" <> current_setting('application_name');
        return null; end $$`,
      `create trigger record_trespass after ${ITS_COLUMNS[table] ?? "insert or update"} on "${table}"
        for each row execute function record_trespass_${table}()`,
    );
  }
  for (const statement of statements) await db.$executeRawUnsafe(statement);
}

const ROWS = {
  app: true,
  deployments: { orderBy: { number: "asc" } },
  releases: { include: { instances: true } },
} as const;

/** What an environment has outside of the database. */
export interface Outside {
  /** Names of the instances that run */
  instances: string[];
  /** Ids of the releases that there is an artifact of */
  artifacts: string[];
  /** The addresses that its traffic goes to, as host:port */
  traffic: string[];
}

/** Everything in which the environments' end states, or the ways there, differ from what their histories say. */
export async function judgeHistories(
  db: Database,
  commitOf: (sha: string) => NumberedCommit,
  look: (environmentId: string) => Promise<Outside> | Outside,
): Promise<string[]> {
  const moves = await db.$queryRaw<Move[]>`select * from moves order by "seq"`;
  const trespasses = await db.$queryRaw<Record<"environmentId" | "what" | "worker" | "taker", string>[]>`
    select distinct * from trespasses`;
  const byEnvironment = Map.groupBy(moves, ({ environmentId }) => environmentId);
  const environments = await db.environment.findMany({ include: ROWS });
  const faults = trespasses.map(
    ({ environmentId, what, worker, taker }) =>
      `${worker} wrote a ${what} of ${environmentId}, which ${taker} had taken`,
  );
  for (const environment of environments) {
    const made = byEnvironment.get(environment.id) ?? [];
    const outside = await look(environment.id);
    for (const fault of [...judgeMoves(environment, made, commitOf), ...judgeEnd(environment, outside)]) {
      faults.push(`${environment.app.slug}: ${fault}`);
    }
  }
  return faults;
}

type Environment = Awaited<ReturnType<typeof readAll>>[number];
const readAll = (db: Database) => db.environment.findMany({ include: ROWS });

/** One at a time, in the order they were asked for, each with one end; and the releases that became live thereby. */
function judgeMoves(environment: Environment, moves: Move[], commitOf: (sha: string) => NumberedCommit): string[] {
  const faults: string[] = [];
  const rows = new Map(environment.deployments.map((row) => [row.id, row]));
  const releases = new Map(environment.releases.map((release) => [release.id, release]));
  const ended = new Set<string>();
  let active: string | null = null;
  let lastStarted = 0;
  let live: string | null = null;
  for (const { deploymentId, status } of moves) {
    const row = rows.get(deploymentId);
    if (!row) continue;
    const name = `#${row.number}`;
    if (ended.has(deploymentId)) faults.push(`${name} moved to ${status} after its end`);
    if (status === "running") {
      if (active) faults.push(`${name} started while #${rows.get(active)?.number} was at work`);
      if (row.number < lastStarted) faults.push(`${name} started after #${lastStarted}`);
      active = deploymentId;
      lastStarted = row.number;
      continue;
    }
    ended.add(deploymentId);
    const wasActive = active === deploymentId;
    if (wasActive) active = null;
    const liveSha = live === null ? null : (releases.get(live)?.commitSha ?? null);
    const isOlder = liveSha !== null && row.commitSha !== null && isBefore(commitOf(row.commitSha), commitOf(liveSha));
    const mayBeOlder = row.allowOlder || row.kind === "rollback";
    if (status === "succeeded") {
      if (!wasActive) faults.push(`${name} succeeded without being at work`);
      if (isOlder && !mayBeOlder) faults.push(`${name} put an older commit live`);
      live = row.releaseId;
    }
    if (status === "superseded" && wasActive && (!isOlder || mayBeOlder)) {
      faults.push(`${name} ended as if what is live contained it`);
    }
    if (status === "superseded" && !wasActive) {
      const by = (row.endDetail as { replacedBy?: { deploymentId: string } } | null)?.replacedBy;
      const newer = by && rows.get(by.deploymentId);
      if (!newer || newer.number <= row.number) faults.push(`${name} was superseded by nothing newer`);
    }
  }
  if (live !== environment.currentReleaseId) {
    faults.push(`release ${environment.currentReleaseId} is live, and ${live} succeeded last`);
  }
  return faults;
}

function judgeEnd({ deployments, releases, currentReleaseId }: Environment, outside: Outside): string[] {
  const faults: string[] = [];
  for (const { number, status, endReason } of deployments) {
    if (!isEnded(status)) faults.push(`#${number} is ${status} for ever`);
    if (endReason === "unexpected") faults.push(`#${number} met something unexpected`);
  }
  const up = releases.flatMap(({ instances }) => instances).filter(({ status }) => status !== "stopped");
  const live = up.filter((instance) => instance.status === "running");
  expectSame(faults, "instances", outside.instances, names(up));
  expectSame(faults, "live", names(live.filter(({ releaseId }) => releaseId === currentReleaseId)), names(live));
  expectSame(
    faults,
    "traffic",
    outside.traffic,
    live.map(({ address }) => address),
  );
  const kept = releases.filter(({ removedAt }) => removedAt === null).map(({ id }) => id);
  expectSame(faults, "artifacts", outside.artifacts, kept);
  return faults;
}

const names = (instances: { name: string }[]): string[] => instances.map(({ name }) => name);

function expectSame(faults: string[], what: string, found: string[], expected: string[]): void {
  const [a, b] = [found.toSorted().join(" "), expected.toSorted().join(" ")];
  if (a !== b) faults.push(`${what}: found [${a}], expected [${b}]`);
}
