import type { Database } from "@windlass/db";
import { isEnded } from "@windlass/domain";
import { commitOf, isBefore } from "./numbered-commits.ts";

/** A change of a deployment's status, in the order the database committed them for its environment. */
interface Move {
  deploymentId: string;
  environmentId: string;
  status: string;
}

/** Writes every move down from now on, whoever makes it; and lets nothing but the leases keep deployments apart. */
export async function recordMoves(db: Database): Promise<void> {
  await db.$executeRawUnsafe(
    `create table moves ("seq" bigserial, "deploymentId" uuid, "environmentId" uuid, "status" text)`,
  );
  await db.$executeRawUnsafe(`create function record_move() returns trigger language plpgsql as $$ begin
    insert into moves ("deploymentId", "environmentId", "status") values (new."id", new."environmentId", new."status");
    return null; end $$`);
  await db.$executeRawUnsafe(
    `create trigger record_move after update of "status" on "Deployment" for each row execute function record_move()`,
  );
  await db.$executeRawUnsafe(`drop index "Deployment_one_running"`);
}

const ROWS = {
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
  look: (environmentId: string) => Promise<Outside> | Outside,
): Promise<string[]> {
  const moves = await db.$queryRaw<Move[]>`select * from moves order by "seq"`;
  const byEnvironment = Map.groupBy(moves, ({ environmentId }) => environmentId);
  const environments = await db.environment.findMany({ include: ROWS });
  const faults: string[] = [];
  for (const environment of environments) {
    const made = byEnvironment.get(environment.id) ?? [];
    const outside = await look(environment.id);
    for (const fault of [...judgeMoves(environment, made), ...judgeEnd(environment, outside)]) {
      faults.push(`${environment.slug}: ${fault}`);
    }
  }
  return faults;
}

type Environment = Awaited<ReturnType<typeof readAll>>[number];
const readAll = (db: Database) => db.environment.findMany({ include: ROWS });

/** One at a time, in the order they were asked for, each with one end; and the releases that became live thereby. */
function judgeMoves(environment: Environment, moves: Move[]): string[] {
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
