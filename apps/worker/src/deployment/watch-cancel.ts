import { DomainError } from "@windlass/domain";
import type { Worker } from "../wiring.ts";

/** A signal that aborts once someone asked to cancel the deployment. */
export function watchCancel(
  { db, live, log }: Worker,
  deploymentId: string,
  end: AbortSignal,
): { signal: AbortSignal; stop(): void } {
  const cancel = new AbortController();
  const stopped = new AbortController();
  const watch = live.watch([`cancel:${deploymentId}`], AbortSignal.any([end, stopped.signal]));
  const follow = async () => {
    while (await watch.next()) {
      const row = await db.deployment.findUnique({ where: { id: deploymentId } }).catch((error: unknown) => {
        log.warn({ err: error, deploymentId }, "could not read whether to cancel");
        return null;
      });
      if (row?.cancelRequestedAt && !row.committedToTraffic) {
        const by = row.cancelRequestedBy ? ` by ${row.cancelRequestedBy}` : "";
        cancel.abort(new DomainError("cancelled", `Cancelled${by}. What this deployment had made was taken back.`));
      }
    }
  };
  void follow();
  return { signal: cancel.signal, stop: () => stopped.abort() };
}
