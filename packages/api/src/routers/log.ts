import { LogBudget, RuntimeLogFilter } from "@windlass/domain";
import { z } from "zod";
import { snapshots } from "../live/index.ts";
import { exportRuntimeLog } from "../operations/log/export-runtime-log.ts";
import { followRuntimeLog } from "../operations/log/follow-runtime-log.ts";
import { readLogSummary } from "../operations/log/read-log-summary.ts";
import { locateTime, readRuntimeLog } from "../operations/log/read-runtime-log.ts";
import { updateLogBudget } from "../operations/log/update-budget.ts";
import { environmentProcedure } from "../procedures.ts";
import { RuntimeLogBatch, RuntimeLogLines, RuntimeLogPage, RuntimeLogSummary } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";
import { live, liveTracked, required } from "./live-output.ts";

const Filter = RuntimeLogFilter.default(() => RuntimeLogFilter.parse({}));
const Seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What instances write while they run. */
export const logRouter = t.router({
  watch: environmentProcedure("log", "read")
    .output(live(RuntimeLogSummary))
    .subscription(({ ctx, signal }) => {
      const { id } = ctx.environment;
      return snapshots(ctx.live, [`environment:${id}`], required(signal), () => readLogSummary(ctx, { id }));
    }),
  read: environmentProcedure("log", "read")
    .input(
      z.object({
        filter: Filter,
        before: Seq.optional(),
        after: Seq.optional(),
        limit: z.int().min(1).max(2000).default(500),
      }),
    )
    .output(RuntimeLogPage)
    .query(({ ctx, input }) => readRuntimeLog(ctx, ctx.environment, input)),
  locate: environmentProcedure("log", "read")
    .input(z.object({ at: z.number().min(-8.64e15).max(8.64e15) }))
    .output(z.object({ seq: z.int().nullable() }))
    .query(async ({ ctx, input }) => ({ seq: await locateTime(ctx, ctx.environment, input.at) })),
  follow: environmentProcedure("log", "read")
    .input(
      z.object({
        filter: Filter,
        /** The last sequence number the client has; from now on when left out */
        lastEventId: z
          .string()
          .regex(/^\d{1,15}$/, "This is not a line number.")
          .nullish(),
      }),
    )
    .output(liveTracked(RuntimeLogBatch))
    .subscription(({ ctx, input: { filter, lastEventId }, signal }) => {
      const after = lastEventId == null ? null : Number(lastEventId);
      return followRuntimeLog(ctx, ctx.environment, filter, after, required(signal));
    }),
  export: environmentProcedure("log", "read")
    .input(z.object({ filter: Filter }))
    .output(live(RuntimeLogLines))
    .subscription(({ ctx, input, signal }) => exportRuntimeLog(ctx, ctx.environment, input.filter, required(signal))),
  setBudget: environmentProcedure("log", "update")
    .input(z.object({ budget: LogBudget }))
    .output(Done)
    .mutation(async ({ ctx, input }) => {
      await updateLogBudget(ctx, ctx.environment, input.budget);
      return {};
    }),
});
