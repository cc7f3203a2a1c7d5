import { EnvironmentConfig, isEnded } from "@windlass/domain";
import type { Worker } from "../wiring.ts";
import { pastKept } from "./past-kept.ts";
import { type Books, isUuid, type Thing } from "./plan-clean-up.ts";
import { readKept } from "./read-kept.ts";

const NAMED = { id: true, environmentId: true, number: true } as const;

/** What the rows say of these things. */
export async function readBooks({ db }: Pick<Worker, "db">, things: readonly Thing[]): Promise<Books> {
  const named = things.flatMap(({ releaseId }) => (releaseId && isUuid(releaseId) ? [releaseId] : []));
  const environments = await db.environment.findMany({ select: { id: true, config: true } });
  const releases = await readKept(db, {});
  const [forgotten, deployments] = await Promise.all([
    db.release.findMany({ where: { id: { in: named }, removedAt: { not: null } }, select: NAMED }),
    db.deployment.findMany({ where: { id: { in: named } }, select: { ...NAMED, status: true } }),
  ]);
  const past = new Set(
    environments.flatMap(({ id, config }) => {
      const own = releases.filter(({ environmentId }) => environmentId === id);
      return pastKept(own, EnvironmentConfig.parse(config), Date.now()).map((release) => release.id);
    }),
  );
  return {
    environments: new Set(environments.map(({ id }) => id)),
    releases: new Map(releases.map((release) => [release.id, { ...release, isKept: !past.has(release.id) }])),
    forgotten: new Map(forgotten.map((release) => [release.id, release])),
    deployments: new Map(deployments.map((row) => [row.id, { ...row, isEnded: isEnded(row.status) }])),
  };
}
