import { orderLine, ordinal, type Waiting } from "@windlass/domain";
import type { Services } from "../../services.ts";
import { readFreshReports } from "../runtime/read-runtimes.ts";

interface Row {
  id: string;
  number: number;
  environmentId: string;
  teamId: string;
  isRollback: boolean;
  isRunning: boolean;
  queuedAt: Date;
}

/** A lease that is held for a deployment. */
interface Held {
  deploymentId: string;
  teamId: string;
  holder: string;
  server: string;
  buildAskedAt: Date | null;
  isBuilding: boolean;
}

interface Scene {
  /** All that wait or are at work, those of an environment by number */
  rows: Row[];
  held: Held[];
  workers: Awaited<ReturnType<typeof readFreshReports>>;
  hasSeveralTeams: boolean;
}

/** Where the given deployments stand and why they do not go on, by id; those that do not wait are left out. */
export async function readWaiting(db: Services["db"], ids: readonly string[]): Promise<Map<string, Waiting>> {
  if (ids.length === 0) return new Map();
  const scene = await readScene(db);
  const line = lineForWorkers(scene);
  return new Map(
    ids.flatMap((id) => {
      const row = scene.rows.find((candidate) => candidate.id === id);
      const waiting = row && (row.isRunning ? waitingToBuild(scene, row) : waitingToStart(scene, row, line));
      return waiting ? [[id, waiting]] : [];
    }),
  );
}

async function readScene(db: Services["db"]): Promise<Scene> {
  const [rows, held, workers, [teams]] = await Promise.all([
    db.$queryRaw<Row[]>`
      select "id", "number", "environmentId", "teamId", "kind" = 'rollback' as "isRollback", "status" = 'running' as "isRunning", "queuedAt"
      from "Deployment" where "status" in ('queued', 'running') order by "environmentId", "status" desc, "number"`,
    db.$queryRaw<Held[]>`
      select l."deploymentId", e."teamId", l."holder", l."server", l."buildAskedAt", l."isBuilding"
      from "Lease" l join "Environment" e on e."id" = l."environmentId"
      where l."expiresAt" > now() and l."deploymentId" is not null`,
    readFreshReports(db),
    db.$queryRaw<[{ several: boolean }]>`
      select coalesce(min("teamId"::text) <> max("teamId"::text), false) as "several" from "Environment"`,
  ]);
  return { rows, held, workers, hasSeveralTeams: teams.several };
}

/** Those that only a worker's place keeps from starting, in the order of the workers. */
function lineForWorkers({ rows, held }: Scene): Row[] {
  const heads = rows.filter((row, index) => !row.isRunning && rows[index - 1]?.environmentId !== row.environmentId);
  return orderLine(heads, countByTeam(held));
}

function waitingToStart(scene: Scene, row: Row, line: Row[]): Waiting {
  const ofEnvironment = scene.rows.filter((one) => one.environmentId === row.environmentId);
  const index = ofEnvironment.indexOf(row);
  const ahead = ofEnvironment[index - 1];
  if (ahead) {
    const position = ofEnvironment.slice(0, index).filter((one) => !one.isRunning).length + 1;
    const behind = { deploymentId: ahead.id, number: ahead.number };
    const text = ahead.isRunning
      ? `#${ahead.number} of this environment is at work.`
      : `#${ahead.number} of this environment comes first.`;
    return { reason: "environment", position, text: `${inLine(position)} ${text}`, behind };
  }
  const position = line.indexOf(row) + 1;
  const why = whyNoPlace(scene, row.teamId);
  return { ...why, position, text: `${inLine(position)} ${why.text}`, behind: null };
}

function whyNoPlace({ held, workers, hasSeveralTeams }: Scene, teamId: string): Pick<Waiting, "reason" | "text"> {
  if (workers.length === 0) {
    return { reason: "no_worker", text: "No worker is connected: it starts as soon as one is." };
  }
  const free = workers.filter((worker) => worker.places > held.filter(({ holder }) => holder === worker.holder).length);
  const hasShare = free.some((worker) => {
    const ofTeam = held.filter((lease) => lease.holder === worker.holder && lease.teamId === teamId).length;
    return !hasSeveralTeams || ofTeam < worker.teamPlaces;
  });
  if (hasShare) return { reason: "starting", text: "A worker is about to take it." };
  if (free.length > 0) {
    return { reason: "team_share", text: "Your team has its share of the places; the rest is kept for other teams." };
  }
  const places = workers.reduce((sum, worker) => sum + worker.places, 0);
  return {
    reason: "places",
    text: `${places === 1 ? "The one place" : `All ${places} places`} for deployments at work ${places === 1 ? "is" : "are"} taken.`,
  };
}

/** For one at work: whether its build waits for a place on its worker's server. */
function waitingToBuild({ held, workers }: Scene, row: Row): Waiting | null {
  const mine = held.find((lease) => lease.deploymentId === row.id);
  if (!mine?.buildAskedAt || mine.isBuilding) return null;
  const here = held.filter(({ server }) => server === mine.server);
  const building = here.filter((lease) => lease.isBuilding);
  const asking = here.flatMap(({ deploymentId, teamId, buildAskedAt, isBuilding }) =>
    buildAskedAt && !isBuilding ? [{ id: deploymentId, teamId, isRollback: false, queuedAt: buildAskedAt }] : [],
  );
  const position = orderLine(asking, countByTeam(building)).findIndex(({ id }) => id === row.id) + 1;
  const places = workers.find(({ server }) => server === mine.server)?.buildPlaces ?? building.length;
  const text = `${places === 1 ? "The one place" : `All ${places} places`} for builds on this server ${places === 1 ? "is" : "are"} taken.`;
  return { reason: "build_places", position, text: `${inLine(position)} ${text}`, behind: null };
}

const inLine = (position: number): string => (position === 1 ? "Next in line." : `${ordinal(position)} in line.`);

function countByTeam(held: readonly { teamId: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { teamId } of held) counts.set(teamId, (counts.get(teamId) ?? 0) + 1);
  return counts;
}
