import { EnvironmentConfig } from "@windlass/domain";
import { saveStopped } from "../deployment/release-history.ts";
import type { Worker } from "../wiring.ts";

/** For a shutdown of the whole: stops every instance. */
export async function stopInstances(worker: Worker): Promise<void> {
  const rows = await worker.db.instance.findMany({ where: { status: { not: "stopped" } }, include: { release: true } });
  await Promise.all(
    rows.map(async (row) => {
      const adapters = worker.runtimeOf(row.release.runtime);
      if ("problem" in adapters) return;
      const { stopSeconds } = EnvironmentConfig.parse(row.release.config);
      try {
        await adapters.runtime.stop(row.name, stopSeconds);
        // What serves shall run again: its row stays as it is.
        if (row.status !== "running") await worker.db.$transaction((tx) => saveStopped(tx, row.name));
      } catch (error) {
        worker.log.error({ err: error, instance: row.name }, "instance could not be stopped");
      }
    }),
  );
}
