import type { DeletionPlan } from "../../schemas.ts";
import type { Services } from "../../services.ts";

/** What will go with these environments. They must have been loaded for the caller's team. */
export async function planDeletion(
  { db }: Pick<Services, "db">,
  app: { id: string; name: string; source: unknown },
  environment?: { id: string; name: string },
): Promise<DeletionPlan> {
  const rows = await db.environment.findMany({
    where: { appId: app.id, ...(environment && { id: environment.id }) },
    include: {
      routes: { orderBy: { createdAt: "asc" } },
      releases: {
        select: { removedAt: true, _count: { select: { instances: { where: { status: { not: "stopped" } } } } } },
      },
      _count: { select: { variables: true, deployments: true } },
      deployments: { where: { status: "running" }, select: { id: true } },
    },
    orderBy: { createdAt: "asc" },
  });
  const ids = rows.map(({ id }) => id);
  const others = await db.environment.count({
    where: { id: { notIn: ids }, app: { source: { equals: app.source ?? {} } } },
  });
  return {
    name: environment?.name ?? app.name,
    environments: rows.map((row) => ({
      name: row.name,
      instances: row.releases.reduce((sum, release) => sum + release._count.instances, 0),
      releases: row.releases.filter(({ removedAt }) => removedAt === null).length,
      variables: row._count.variables,
      hosts: row.routes.map(({ host }) => host),
      deployments: row._count.deployments,
      isBusy: row.deployments.length > 0,
    })),
    removesSourceCopy: others === 0,
  };
}
