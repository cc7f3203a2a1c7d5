import type { CleanUp } from "@windlass/db";
import { CleanUpItem, CleanUpOutcome, StoragePicture } from "@windlass/domain";
import type { CleanUpOut, StorageOut } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { readFreshReports } from "../runtime/read-runtimes.ts";

const CLEAN_UPS_SHOWN = 5;
const KEPT_SHOWN = 50;

/** What each server's disks hold, as its worker saw them last, and the clean-ups there. */
export async function readStorage({ db }: Pick<Services, "db">): Promise<StorageOut> {
  const [reports, workers] = await Promise.all([
    db.storageReport.findMany({ orderBy: { server: "asc" } }),
    readFreshReports(db),
  ]);
  const servers = reports.map(async ({ server, picture, takenAt, askedAt }) => {
    const cleanUps = await db.cleanUp.findMany({
      where: { server },
      orderBy: { id: "desc" },
      take: CLEAN_UPS_SHOWN,
    });
    return {
      server,
      picture: StoragePicture.parse(picture),
      takenAt,
      isLooking: askedAt !== null && askedAt > takenAt,
      hasWorker: workers.some((worker) => worker.server === server),
      cleanUps: cleanUps.map(toCleanUp),
    };
  });
  return { servers: await Promise.all(servers) };
}

function toCleanUp({ id, status, actorName, askedAt, endedAt, items, outcomes }: CleanUp): CleanUpOut {
  const told = CleanUpOutcome.array().parse(outcomes ?? []);
  const removed = told.filter(({ isRemoved }) => isRemoved);
  return {
    id,
    status,
    actorName,
    askedAt,
    endedAt,
    asked: CleanUpItem.array().parse(items).length,
    removed: removed.length,
    freedBytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
    kept: told.filter(({ isRemoved }) => !isRemoved).slice(0, KEPT_SHOWN),
  };
}
