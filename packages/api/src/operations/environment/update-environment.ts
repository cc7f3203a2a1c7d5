import { DomainError, type EnvironmentConfig, type GitRef, type RuntimeKind } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";
import { requireFreeName } from "./create-environment.ts";

export interface EnvironmentChange {
  name?: string;
  branch?: GitRef;
  runtime?: RuntimeKind;
  config?: EnvironmentConfig;
}

/** Renames, or changes the settings; the next deployment applies them, what is live stays as it was made. */
export async function updateEnvironment(
  ctx: OperationContext,
  environment: { id: string; appId: string; teamId: string; slug: string; app: { source: unknown } },
  change: EnvironmentChange,
): Promise<void> {
  const isImage = (environment.app.source as { kind: string }).kind === "image";
  if (change.runtime === "process" && isImage) {
    throw new DomainError("invalid_input", "A ready image needs the Docker runtime.", { field: "runtime" });
  }
  await ctx.db.$transaction(async (tx) => {
    if (change.name !== undefined) await requireFreeName(tx, environment.appId, change.name, environment.id);
    await tx.environment.update({ where: { id: environment.id }, data: change });
    await writeAudit(tx, ctx.actor, {
      teamId: environment.teamId,
      action: "environment.update",
      subject: `environment:${environment.id}`,
      detail: { changed: Object.keys(change) },
    });
  });
}
