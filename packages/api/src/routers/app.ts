import {
  AppSource,
  DisplayName,
  DomainError,
  EnvironmentConfig,
  GitRef,
  Id,
  RuntimeKind,
  SourceCheckResult,
  VariableInput,
} from "@windlass/domain";
import { z } from "zod";
import { snapshots } from "../live/index.ts";
import { createApp } from "../operations/app/create-app.ts";
import { readApps } from "../operations/app/read-apps.ts";
import { updateApp } from "../operations/app/update-app.ts";
import { requestDeployment } from "../operations/deployment/request-deployment.ts";
import { deleteApp } from "../operations/environment/delete-environment.ts";
import { planDeletion } from "../operations/environment/plan-deletion.ts";
import { checkSource } from "../operations/source/check-source.ts";
import { createDeployKey } from "../operations/source/deploy-key.ts";
import { appProcedure, teamProcedure } from "../procedures.ts";
import { AppDetail, DeletionPlan } from "../schemas.ts";
import { t } from "../trpc.ts";
import { Done } from "./done.ts";
import { live, required, topicsOfWaiting } from "./live-output.ts";
import { triggerOf } from "./trigger.ts";
import { TypedName } from "./typed-name.ts";

/** Sent in a header: visible ASCII on one line. */
const RepositoryToken = z
  .string()
  .min(1, "Paste the token.")
  .max(4000, "Use at most 4000 characters.")
  .regex(/^[\x21-\x7e]+$/, "A token has no spaces or line breaks.");

/** One line of a known_hosts file: host, key type, key. */
const KnownHostsLine = z
  .string()
  .max(2000)
  .regex(
    /^[A-Za-z0-9[\].:,-]+ (?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/=]+$/,
    "This is not a line of a known_hosts file.",
  );

const SourceAccess = z.object({
  source: AppSource,
  repositoryToken: RepositoryToken.optional(),
  deployKeyId: Id.optional(),
  sshHostKeys: z.array(KnownHostsLine).max(20).optional(),
});

/** The branch, tag or commit to follow; empty only for an image. */
const Ref = z.union([GitRef, z.literal("")]);

const readApp = async (ctx: Parameters<typeof readApps>[0], id: string): Promise<AppDetail> => {
  const [app] = await readApps(ctx, { id });
  if (!app) throw new DomainError("not_found", "This app is gone: it was deleted.");
  return app;
};

const lastDeployments = (app: AppDetail) => app.environments.map(({ lastDeployment }) => lastDeployment);

export const appRouter = t.router({
  list: teamProcedure("app", "read")
    .output(z.array(AppDetail))
    .query(({ ctx }) => readApps(ctx, { teamId: ctx.team.id })),
  watchAll: teamProcedure("app", "read")
    .output(live(z.array(AppDetail)))
    .subscription(({ ctx, signal }) =>
      snapshots(
        ctx.live,
        [`team:${ctx.team.id}`],
        required(signal),
        () => readApps(ctx, { teamId: ctx.team.id }),
        (apps) => topicsOfWaiting(apps.flatMap(lastDeployments)),
      ),
    ),
  get: appProcedure("app", "read")
    .output(AppDetail)
    .query(({ ctx }) => readApp(ctx, ctx.app.id)),
  watch: appProcedure("app", "read")
    .output(live(AppDetail))
    .subscription(({ ctx, signal }) => {
      const topics = [`app:${ctx.app.id}`, `team:${ctx.app.teamId}`];
      return snapshots(
        ctx.live,
        topics,
        required(signal),
        () => readApp(ctx, ctx.app.id),
        (app) => topicsOfWaiting(lastDeployments(app)),
      );
    }),
  checkSource: teamProcedure("app", "create")
    .input(SourceAccess.extend({ ref: Ref.default("") }))
    .output(SourceCheckResult)
    .mutation(({ ctx, input, signal }) => checkSource(ctx, ctx.team, input, signal)),
  createDeployKey: teamProcedure("app", "create")
    .output(z.object({ deployKeyId: z.string(), publicKey: z.string() }))
    .mutation(({ ctx }) => createDeployKey(ctx, ctx.team)),
  create: teamProcedure("app", "create")
    .input(
      SourceAccess.extend({
        name: DisplayName,
        branch: Ref,
        runtime: RuntimeKind,
        config: EnvironmentConfig,
        variables: z.array(VariableInput).max(500, "Use at most 500 variables.").default([]),
        deploy: z.boolean().default(true),
      }).refine((input) => input.source.kind === "image" || input.branch !== "", {
        path: ["branch"],
        message: "Name the branch to deploy.",
      }),
    )
    .output(z.object({ appId: z.string(), environmentId: z.string(), deploymentId: z.string().nullable() }))
    .mutation(async ({ ctx, input }) => {
      const made = await createApp(ctx, ctx.team, input);
      if (!input.deploy) return { ...made, deploymentId: null };
      const environment = { id: made.environmentId, teamId: ctx.team.id, slug: "production" };
      const ref = input.source.kind === "image" ? input.source.image : input.branch;
      const deploymentId = await requestDeployment(ctx, {
        environment,
        kind: "deploy",
        ref,
        trigger: triggerOf(ctx.actor),
      });
      return { ...made, deploymentId };
    }),
  update: appProcedure("app", "update")
    .input(z.object({ name: DisplayName.optional(), repositoryToken: RepositoryToken.nullable().optional() }))
    .output(Done)
    .mutation(async ({ ctx, input }) => {
      await updateApp(ctx, ctx.app, input);
      return {};
    }),
  planDeletion: appProcedure("app", "delete")
    .output(DeletionPlan)
    .query(({ ctx }) => planDeletion(ctx, ctx.app)),
  delete: appProcedure("app", "delete")
    .input(z.object({ typedName: TypedName }))
    .output(z.object({ deploymentIds: z.array(z.string()) }))
    .mutation(async ({ ctx, input }) => ({
      deploymentIds: await deleteApp(ctx, ctx.app, input.typedName, triggerOf(ctx.actor)),
    })),
});
