import { AppSource, CommitsResult, DomainError, GitRef, Id, ImageRef } from "@windlass/domain";
import { z } from "zod";
import { snapshots } from "../live/index.ts";
import { cancelDeployment } from "../operations/deployment/cancel-deployment.ts";
import { followLog } from "../operations/deployment/follow-log.ts";
import { keepRelease } from "../operations/deployment/keep-release.ts";
import { planRollback } from "../operations/deployment/plan-rollback.ts";
import { previewDeployment } from "../operations/deployment/preview-deployment.ts";
import { readDeployment, readDeployments } from "../operations/deployment/read-deployments.ts";
import { redeploy } from "../operations/deployment/redeploy.ts";
import { requestDeployment } from "../operations/deployment/request-deployment.ts";
import { requestRollback } from "../operations/deployment/request-rollback.ts";
import { readCommits } from "../operations/source/read-commits.ts";
import { deploymentProcedure, environmentProcedure } from "../procedures.ts";
import { DeploymentDetail, DeploymentSummary, DeployPreview, LogBatch, RollbackPlan } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";
import { live, liveTracked, required, topicsOfWaiting } from "./live-output.ts";
import { triggerOf } from "./trigger.ts";

/** Deploy the commit also when the live release contains it already: what came after it is taken out. */
const AllowOlder = z.boolean().default(false);

/** Build anew also what was built from the same files before, with nothing from a cache. */
const Rebuild = z.boolean().default(false);

const DeploymentRef = z.object({ deploymentId: z.string() });

export const deploymentRouter = t.router({
  list: environmentProcedure("deployment", "read")
    .input(z.object({ limit: z.int().min(1).max(100).default(50), before: Id.optional() }))
    .output(z.array(DeploymentSummary))
    .query(({ ctx, input }) => readDeployments(ctx, { environmentId: ctx.environment.id }, input)),
  get: deploymentProcedure("deployment", "read")
    .output(DeploymentDetail)
    .query(({ ctx }) => readDeployment(ctx, ctx.deployment.id)),
  watch: deploymentProcedure("deployment", "read")
    .output(live(DeploymentDetail))
    .subscription(({ ctx, signal }) => {
      const { id, environmentId } = ctx.deployment;
      const topics = [`deployment:${id}`, `environment:${environmentId}`];
      return snapshots(
        ctx.live,
        topics,
        required(signal),
        () => readDeployment(ctx, id),
        (deployment) => topicsOfWaiting([deployment]),
      );
    }),
  log: deploymentProcedure("deployment", "read")
    .input(
      z.object({
        /** The last sequence number the client has */
        lastEventId: z
          .string()
          .regex(/^\d{1,9}$/, "This is not a line number.")
          .nullish(),
      }),
    )
    .output(liveTracked(LogBatch))
    .subscription(({ ctx, input, signal }) =>
      followLog(ctx, ctx.deployment.id, Number(input.lastEventId ?? 0), required(signal)),
    ),
  create: environmentProcedure("deployment", "create")
    .input(
      z.object({
        /** Branch, tag or commit, or an image; the environment's own when left out */
        ref: z.string().max(400).optional(),
        allowOlder: AllowOlder,
        rebuild: Rebuild,
      }),
    )
    .output(DeploymentRef)
    .mutation(async ({ ctx, input }) => {
      const { environment } = ctx;
      const ref = input.ref === undefined ? usualRef(environment) : parseRef(environment, input.ref);
      const request = {
        environment,
        kind: "deploy",
        ref,
        trigger: triggerOf(ctx.actor),
        allowOlder: input.allowOlder,
        rebuild: input.rebuild,
      } as const;
      return { deploymentId: await requestDeployment(ctx, request) };
    }),
  preview: environmentProcedure("deployment", "read")
    .output(DeployPreview)
    .query(({ ctx }) => previewDeployment(ctx, ctx.environment)),
  /** Asked beside the preview, which does not wait for the repository */
  previewCommits: environmentProcedure("deployment", "create")
    .input(z.object({ ref: GitRef.optional() }))
    .output(CommitsResult)
    .query(({ ctx, input, signal }) => readCommits(ctx, ctx.environment, input.ref, signal)),
  redeploy: deploymentProcedure("deployment", "create")
    .input(z.object({ allowOlder: AllowOlder, rebuild: Rebuild }))
    .output(DeploymentRef)
    .mutation(async ({ ctx, input: { allowOlder, rebuild } }) => ({
      deploymentId: await redeploy(ctx, ctx.deployment, { trigger: triggerOf(ctx.actor), allowOlder, rebuild }),
    })),
  rollback: environmentProcedure("deployment", "create")
    .input(z.object({ releaseId: Id }))
    .output(DeploymentRef)
    .mutation(async ({ ctx, input }) => ({
      deploymentId: await requestRollback(ctx, ctx.environment, input.releaseId, triggerOf(ctx.actor)),
    })),
  planRollback: environmentProcedure("release", "read")
    .input(z.object({ releaseId: Id }))
    .output(RollbackPlan)
    .query(({ ctx, input }) => planRollback(ctx, ctx.environment, input.releaseId)),
  keep: deploymentProcedure("deployment", "create")
    .output(Done)
    .mutation(async ({ ctx }) => {
      await keepRelease(ctx, ctx.deployment);
      return {};
    }),
  cancel: deploymentProcedure("deployment", "cancel")
    .output(z.object({ message: z.string() }))
    .mutation(async ({ ctx }) => ({ message: await cancelDeployment(ctx, ctx.deployment) })),
});

interface WithSource {
  branch: string;
  app: { source: unknown };
}

function usualRef(environment: WithSource): string {
  const source = AppSource.parse(environment.app.source);
  return source.kind === "image" ? source.image : environment.branch;
}

function parseRef(environment: WithSource, ref: string): string {
  const isImage = AppSource.parse(environment.app.source).kind === "image";
  const parsed = (isImage ? ImageRef : GitRef).safeParse(ref);
  if (parsed.success) return parsed.data;
  throw new DomainError("invalid_input", parsed.error.issues[0]?.message ?? "This is not a ref.", { field: "ref" });
}
