import type { Prisma } from "@windlass/db";
import { AppSource } from "@windlass/domain";
import type { AppDetail } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { ENVIRONMENT_PARTS, summariseEnvironments } from "../environment/read-environment.ts";

/** By name. `where` must name the team or an app that was loaded for it. */
export async function readApps(
  services: Pick<Services, "db" | "addresses">,
  where: Prisma.AppWhereInput,
): Promise<AppDetail[]> {
  const rows = await services.db.app.findMany({
    where,
    include: { environments: { include: ENVIRONMENT_PARTS, orderBy: { createdAt: "asc" } } },
    orderBy: [{ name: "asc" }, { id: "asc" }],
  });
  return Promise.all(
    rows.map(async (row) => {
      const source = AppSource.parse(row.source);
      return {
        id: row.id,
        teamId: row.teamId,
        slug: row.slug,
        name: row.name,
        source: {
          kind: source.kind,
          location: source.kind === "git" ? source.url : source.image,
          hasRepositoryToken: row.repositoryToken !== null,
          deployKeyPublic: row.deployKeyPublic,
        },
        environments: await summariseEnvironments(services, row.environments),
        createdAt: row.createdAt,
      };
    }),
  );
}
