import { DomainError, StoragePicture } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import { actorColumns, type OperationContext } from "../operation.ts";

/**
 * Asks for what somebody chose from a server's dry run to be removed; its worker decides once more what of it may go.
 * Nothing else is removed. Returns the clean-up's id.
 */
export function requestCleanUp(ctx: OperationContext, server: string, keys: readonly string[]): Promise<string> {
  const chosen = new Set(keys);
  return ctx.db.$transaction(async (tx) => {
    const [report] = await tx.$queryRaw<{ picture: unknown }[]>`
      select "picture" from "StorageReport" where "server" = ${server} for update`;
    if (!report) throw new DomainError("not_found", "No worker has reported of this server.", { field: "server" });
    const items = StoragePicture.parse(report.picture).removable.filter(({ key }) => chosen.has(key));
    if (items.length === 0) {
      throw new DomainError("conflict", "Nothing of what you chose is there to be removed any more.", {
        field: "keys",
      });
    }
    const other = await tx.cleanUp.findFirst({ where: { server, status: { not: "ended" } } });
    if (other) throw new DomainError("conflict", `A clean-up that ${other.actorName} asked for is under way.`);
    const { id } = await tx.cleanUp.create({ data: { server, items, ...actorColumns(ctx.actor) } });
    await writeAudit(tx, ctx.actor, {
      teamId: null,
      action: "storage.clean_up",
      subject: `server:${server}`,
      detail: { count: items.length, bytes: items.reduce((sum, { bytes }) => sum + bytes, 0) },
    });
    return id;
  });
}
