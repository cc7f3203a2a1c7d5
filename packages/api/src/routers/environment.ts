import { EnvironmentConfig, GitRef, RuntimeKind, TrafficHold } from "@windlass/domain";
import { z } from "zod";
import { snapshots } from "../live/index.ts";
import { holdTraffic } from "../operations/environment/hold-traffic.ts";
import { readEnvironment } from "../operations/environment/read-environment.ts";
import { updateEnvironment } from "../operations/environment/update-environment.ts";
import { environmentProcedure } from "../procedures.ts";
import { EnvironmentDetail } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";
import { live, required, topicsOfWaiting } from "./live-output.ts";

export const environmentRouter = t.router({
  get: environmentProcedure("environment", "read")
    .output(EnvironmentDetail)
    .query(({ ctx }) => readEnvironment(ctx, ctx.environment.id)),
  watch: environmentProcedure("environment", "read")
    .output(live(EnvironmentDetail))
    .subscription(({ ctx, signal }) => {
      const { id } = ctx.environment;
      return snapshots(
        ctx.live,
        [`environment:${id}`],
        required(signal),
        () => readEnvironment(ctx, id),
        ({ deployments }) => topicsOfWaiting(deployments),
      );
    }),
  hold: environmentProcedure("environment", "update")
    .input(z.object({ hold: TrafficHold.nullable() }))
    .output(Done)
    .mutation(async ({ ctx, input: { hold } }) => {
      await holdTraffic(ctx, ctx.environment, hold);
      return {};
    }),
  update: environmentProcedure("environment", "update")
    .input(
      z.object({
        branch: GitRef.optional(),
        runtime: RuntimeKind.optional(),
        config: EnvironmentConfig.optional(),
      }),
    )
    .output(Done)
    .mutation(async ({ ctx, input: { environmentId: _, ...change } }) => {
      await updateEnvironment(ctx, ctx.environment, change);
      return {};
    }),
});
