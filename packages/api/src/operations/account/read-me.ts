import type { Actor } from "../../actor.ts";
import type { Me } from "../../schemas.ts";
import type { Services } from "../../services.ts";

/** The caller, with its teams by name. */
export async function readMe({ db, actor }: Pick<Services, "db"> & { actor: Actor }): Promise<Me> {
  const user = await db.user.findUniqueOrThrow({ where: { id: actor.userId } });
  const teams = await db.team.findMany({ where: { id: { in: [...actor.roles.keys()] } }, orderBy: { name: "asc" } });
  return {
    user: {
      id: user.id,
      name: user.name,
      email: user.email,
      isAdministrator: actor.isAdministrator,
      mustChangePassword: user.mustChangePassword,
    },
    teams: teams.flatMap(({ id, slug, name }) => {
      const role = actor.roles.get(id);
      return role ? [{ id, slug, name, role }] : [];
    }),
  };
}
