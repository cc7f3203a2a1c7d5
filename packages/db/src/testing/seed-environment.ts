import type { Database } from "../client.ts";

/** A team with an app and its production environment, all with the settings that are there when nobody chose. */
export async function seedEnvironment(db: Database, slug = "team") {
  const team = await db.team.create({ data: { slug, name: slug } });
  const source = { kind: "git", url: "https://example.com/app.git" };
  const app = await db.app.create({ data: { teamId: team.id, slug, name: slug, source } });
  const environment = await db.environment.create({
    data: {
      appId: app.id,
      teamId: team.id,
      slug: "production",
      name: "Production",
      branch: "main",
      runtime: "process",
      config: {},
    },
  });
  return { team, app, environment };
}
