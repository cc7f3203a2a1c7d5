import type { RuntimeLogSummary } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import type { LoggedEnvironment } from "./read-runtime-log.ts";

const INSTANCES_SHOWN = 50;

/** What there is of an environment's runtime log, and what may be chosen from. */
export async function readLogSummary(
  { db }: Pick<Services, "db">,
  { id }: Pick<LoggedEnvironment, "id">,
): Promise<RuntimeLogSummary> {
  const [environment, log, oldest, instances] = await Promise.all([
    db.environment.findUniqueOrThrow({ where: { id }, select: { logMegabytes: true, logDays: true } }),
    db.runtimeLog.findUnique({ where: { environmentId: id }, select: { bytes: true } }),
    db.runtimeLogChunk.findFirst({
      where: { environmentId: id },
      orderBy: { firstSeq: "asc" },
      select: { fromAt: true, firstSeq: true },
    }),
    db.instance.findMany({
      where: { release: { environmentId: id } },
      orderBy: { startedAt: "desc" },
      take: INSTANCES_SHOWN,
      include: { release: { select: { number: true } } },
    }),
  ]);
  return {
    oldestAt: oldest?.fromAt ?? null,
    oldestSeq: oldest ? Number(oldest.firstSeq) : null,
    bytes: Number(log?.bytes ?? 0),
    budget: { megabytes: environment.logMegabytes, days: environment.logDays },
    instances: instances.map(({ name, status, releaseId, release, startedAt }) => ({
      name,
      isRunning: status === "running",
      releaseId,
      releaseNumber: release.number,
      startedAt,
    })),
  };
}
