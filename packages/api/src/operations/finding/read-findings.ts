import type { Prisma } from "@windlass/db";
import { FindingKind } from "@windlass/domain";
import type { FindingOut } from "../../schemas.ts";
import type { Services } from "../../services.ts";

/** Those that last first, then newest first. `where` must name the team or something that was loaded for it. */
export async function readFindings(
  { db }: Pick<Services, "db">,
  where: Prisma.FindingWhereInput,
  limit: number,
): Promise<FindingOut[]> {
  const rows = await db.finding.findMany({
    where,
    include: { environment: { include: { app: true } } },
    orderBy: [{ endedAt: { sort: "desc", nulls: "first" } }, { id: "desc" }],
    take: limit,
  });
  // Relations are read one after another: of what is being deleted a part may be gone.
  const whole = rows.filter(({ environment }) => Boolean(environment?.app));
  return whole.map(({ environment, nextTryAt: _, teamId: __, ...row }) => ({
    ...row,
    kind: FindingKind.parse(row.kind),
    environmentName: environment.name,
    appId: environment.appId,
    appName: environment.app.name,
  }));
}
