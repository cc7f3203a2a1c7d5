import type { Prisma } from "@windlass/db";
import { type Action, DomainError, Id, isAllowed, type Resource, type Role } from "@windlass/domain";
import { z } from "zod";
import { type Actor, authenticate } from "./actor.ts";
import { type ApiContext, base } from "./trpc.ts";

// The only ways to make a procedure. Each declares what it touches and what it does to it; the row is loaded here,
// scoped to the teams of the caller, and handed on: what an operation gets, the caller may have.

/** Anyone, signed in or not. For the few that come before an account. */
export const publicProcedure = base.meta({ access: { kind: "public" } });

async function requireActor(ctx: ApiContext, beforePasswordChange = false): Promise<Actor> {
  const actor = await authenticate(ctx.db, ctx.credentials);
  if (!actor)
    throw new DomainError("not_signed_in", "Sign in first: your session has ended or the token is not valid.");
  if (actor.mustChangePassword && !beforePasswordChange) {
    throw new DomainError("password_change_required", "Choose a new password before you go on.");
  }
  return actor;
}

/** Anyone with an account, for what belongs to the account itself. */
export const accountProcedure = base
  .meta({ access: { kind: "signed_in" } })
  .use(async ({ ctx, next }) => next({ ctx: { actor: await requireActor(ctx) } }));

/** As accountProcedure, also while a password change is due. */
export const restrictedAccountProcedure = base
  .meta({ access: { kind: "signed_in", beforePasswordChange: true } })
  .use(async ({ ctx, next }) => next({ ctx: { actor: await requireActor(ctx, true) } }));

/** For what concerns the machines, and so all teams. A personal token acts for a team: it may not. */
export const administratorProcedure = base.meta({ access: { kind: "administrator" } }).use(async ({ ctx, next }) => {
  const actor = await requireActor(ctx);
  if (!actor.isAdministrator)
    throw new DomainError("not_allowed", "Only administrators of this Windlass may do this. Ask one of them.");
  return next({ ctx: { actor } });
});

const NOUNS = { teamId: "team", appId: "app", environmentId: "environment", deploymentId: "deployment" } as const;

/** A row that is not there and one of another team look the same from outside. */
const notFound = (scope: keyof typeof NOUNS) =>
  new DomainError(
    "not_found",
    `There is no such ${NOUNS[scope]}. It may have been deleted, or belongs to another team.`,
    {
      field: scope,
    },
  );

function requireAllowed<R extends Resource>(actor: Actor, teamId: string, resource: R, action: Action<R>): Role {
  const role = actor.roles.get(teamId);
  if (!role || !isAllowed(role, resource, action)) {
    throw new DomainError(
      "not_allowed",
      `Your role${role ? ` (${role})` : ""} may not ${String(action)} ${resource}s in this team. Ask one of its admins.`,
    );
  }
  return role;
}

const teamsOf = (actor: Actor): Prisma.UuidFilter => ({ in: [...actor.roles.keys()] });

export const teamProcedure = <R extends Resource>(resource: R, action: Action<R>) =>
  base
    .meta({ access: { kind: "resource", resource, action, scope: "teamId" } })
    .input(z.object({ teamId: Id }))
    .use(async ({ ctx, input, next }) => {
      const actor = await requireActor(ctx);
      const team = await ctx.db.team.findFirst({ where: { id: input.teamId, AND: { id: teamsOf(actor) } } });
      if (!team) throw notFound("teamId");
      requireAllowed(actor, team.id, resource, action);
      return next({ ctx: { actor, team } });
    });

export const appProcedure = <R extends Resource>(resource: R, action: Action<R>) =>
  base
    .meta({ access: { kind: "resource", resource, action, scope: "appId" } })
    .input(z.object({ appId: Id }))
    .use(async ({ ctx, input, next }) => {
      const actor = await requireActor(ctx);
      const app = await ctx.db.app.findFirst({ where: { id: input.appId, teamId: teamsOf(actor) } });
      if (!app) throw notFound("appId");
      requireAllowed(actor, app.teamId, resource, action);
      return next({ ctx: { actor, app } });
    });

export const environmentProcedure = <R extends Resource>(resource: R, action: Action<R>) =>
  base
    .meta({ access: { kind: "resource", resource, action, scope: "environmentId" } })
    .input(z.object({ environmentId: Id }))
    .use(async ({ ctx, input, next }) => {
      const actor = await requireActor(ctx);
      const environment = await ctx.db.environment.findFirst({
        where: { id: input.environmentId, teamId: teamsOf(actor) },
        include: { app: true },
      });
      // Relations are read one after another: of what is being deleted a part may be gone.
      if (!environment?.app) throw notFound("environmentId");
      requireAllowed(actor, environment.teamId, resource, action);
      return next({ ctx: { actor, environment } });
    });

export const deploymentProcedure = <R extends Resource>(resource: R, action: Action<R>) =>
  base
    .meta({ access: { kind: "resource", resource, action, scope: "deploymentId" } })
    .input(z.object({ deploymentId: Id }))
    .use(async ({ ctx, input, next }) => {
      const actor = await requireActor(ctx);
      const deployment = await ctx.db.deployment.findFirst({
        where: { id: input.deploymentId, teamId: teamsOf(actor) },
        include: { environment: { include: { app: true } } },
      });
      if (!deployment?.environment?.app) throw notFound("deploymentId");
      requireAllowed(actor, deployment.teamId, resource, action);
      return next({ ctx: { actor, deployment } });
    });
