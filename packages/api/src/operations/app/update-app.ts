import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

export interface AppChange {
  name?: string;
  /** null takes the stored token away */
  repositoryToken?: string | null;
}

/** Renames, or changes the stored access token. The address stays. */
export async function updateApp(
  ctx: OperationContext,
  app: { id: string; teamId: string },
  { name, repositoryToken }: AppChange,
): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await tx.app.update({
      where: { id: app.id },
      data: {
        name,
        repositoryToken:
          typeof repositoryToken === "string"
            ? ctx.cipher.encrypt(repositoryToken, "repositoryToken")
            : repositoryToken,
      },
    });
    const changed = [name !== undefined && "name", repositoryToken !== undefined && "repositoryToken"].filter(Boolean);
    await writeAudit(tx, ctx.actor, {
      teamId: app.teamId,
      action: "app.update",
      subject: `app:${app.id}`,
      detail: { changed: changed as string[] },
    });
  });
}
