import { DisplayName, EnvironmentConfig, GitRef, Id, MAX_INSTANCES, RuntimeKind, TrafficHold } from "@windlass/domain";
import { z } from "zod";
import { snapshots } from "../live/index.ts";
import { createEnvironment } from "../operations/environment/create-environment.ts";
import { deleteEnvironment } from "../operations/environment/delete-environment.ts";
import { holdTraffic } from "../operations/environment/hold-traffic.ts";
import { operateEnvironment } from "../operations/environment/operate-environment.ts";
import { planDeletion } from "../operations/environment/plan-deletion.ts";
import { readEnvironment } from "../operations/environment/read-environment.ts";
import { updateEnvironment } from "../operations/environment/update-environment.ts";
import { appProcedure, environmentProcedure } from "../procedures.ts";
import { DeletionPlan, EnvironmentDetail } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";
import { live, required, topicsOfWaiting } from "./live-output.ts";
import { triggerOf } from "./trigger.ts";
import { TypedName } from "./typed-name.ts";

const DeploymentRef = z.object({ deploymentId: z.string() });

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
        name: DisplayName.optional(),
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
  create: appProcedure("environment", "create")
    .input(
      z.object({
        name: DisplayName,
        /** Empty for an image */
        branch: z.union([GitRef, z.literal("")]),
        copyFrom: Id,
        copyVariables: z.boolean().default(true),
      }),
    )
    .output(z.object({ environmentId: z.string() }))
    .mutation(async ({ ctx, input }) => ({ environmentId: await createEnvironment(ctx, ctx.app, input) })),
  restart: operate("restart"),
  start: operate("start"),
  stop: operate("stop"),
  scale: environmentProcedure("deployment", "create")
    .input(z.object({ instances: z.int().min(1, "At least 1.").max(MAX_INSTANCES, `At most ${MAX_INSTANCES}.`) }))
    .output(DeploymentRef)
    .mutation(async ({ ctx, input: { instances } }) => ({
      deploymentId: await operateEnvironment(ctx, ctx.environment, { kind: "scale", instances }, triggerOf(ctx.actor)),
    })),
  planDeletion: environmentProcedure("environment", "delete")
    .output(DeletionPlan)
    .query(({ ctx }) => planDeletion(ctx, ctx.environment.app, ctx.environment)),
  delete: environmentProcedure("environment", "delete")
    .input(z.object({ typedName: TypedName }))
    .output(DeploymentRef)
    .mutation(async ({ ctx, input }) => ({
      deploymentId: await deleteEnvironment(ctx, ctx.environment, input.typedName, triggerOf(ctx.actor)),
    })),
});

function operate(kind: "restart" | "start" | "stop") {
  return environmentProcedure("deployment", "create")
    .output(DeploymentRef)
    .mutation(async ({ ctx }) => ({
      deploymentId: await operateEnvironment(ctx, ctx.environment, { kind }, triggerOf(ctx.actor)),
    }));
}
