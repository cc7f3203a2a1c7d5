import type { Transaction } from "@windlass/db";
import { DomainError, EnvironmentConfig, EnvironmentSlug, type GitRef, slugFrom } from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";

export interface NewEnvironment {
  name: string;
  /** Empty for an image */
  branch: GitRef | "";
  /** The environment of the same app whose runtime and settings it begins with */
  copyFrom: string;
  copyVariables: boolean;
}

/** Makes another environment of an app, with an address of its own. Nothing is deployed yet. */
export async function createEnvironment(
  ctx: OperationContext,
  app: { id: string; teamId: string; slug: string },
  { name, branch, copyFrom, copyVariables }: NewEnvironment,
): Promise<string> {
  const wanted = EnvironmentSlug.safeParse(slugFrom(name)?.slice(0, 20).replace(/-+$/, "")).data;
  if (!wanted) {
    throw new DomainError(
      "invalid_input",
      "Use at least one Latin letter in the name: it becomes part of the environment's address.",
      { field: "name" },
    );
  }
  return ctx.db.$transaction(async (tx) => {
    // As for a new app: no two may choose one address at once.
    await tx.$queryRaw`select pg_advisory_xact_lock(hashtext('windlass app slug'))::text`;
    const from = await tx.environment.findFirst({
      where: { id: copyFrom, appId: app.id },
      include: { variables: true },
    });
    if (!from) throw new DomainError("not_found", "This app has no such environment to copy.", { field: "copyFrom" });
    await requireFreeName(tx, app.id, name);
    const slug = await freeSlug(tx, app.id, wanted);
    const variables = copyVariables ? from.variables : [];
    const environment = await tx.environment.create({
      data: {
        appId: app.id,
        teamId: app.teamId,
        slug,
        name,
        branch,
        runtime: from.runtime,
        config: EnvironmentConfig.parse(from.config),
        // Secrets go over as they are, encrypted: nobody reads them on the way.
        variables: { create: variables.map(({ key, value, secret, digest }) => ({ key, value, secret, digest })) },
        routes: { create: [{ host: await freeHost(tx, `${app.slug}-${slug}`, ctx.addresses.appsDomain) }] },
      },
    });
    await writeAudit(tx, ctx.actor, {
      teamId: app.teamId,
      action: "environment.create",
      subject: `environment:${environment.id}`,
      detail: { name, slug, branch, copiedFrom: from.slug, variables: variables.map(({ key }) => key) },
    });
    return environment.id;
  });
}

/** Rejects with conflict when another environment of the app is called so. */
export async function requireFreeName(tx: Transaction, appId: string, name: string, except?: string): Promise<void> {
  const isTaken = await tx.environment.findFirst({
    where: { appId, name: { equals: name, mode: "insensitive" }, ...(except && { id: { not: except } }) },
  });
  if (!isTaken) return;
  throw new DomainError("conflict", `This app has an environment named ${isTaken.name} already.`, { field: "name" });
}

async function freeSlug(tx: Transaction, appId: string, wanted: EnvironmentSlug): Promise<string> {
  for (let suffix = 1; ; suffix++) {
    const slug = suffix === 1 ? wanted : `${wanted.slice(0, 16)}-${suffix}`;
    if (!(await tx.environment.findUnique({ where: { appId_slug: { appId, slug } } }))) return slug;
  }
}

/** `shop-staging.example.com`, or `shop-staging-2…` when an app, or another's environment, has that. */
async function freeHost(tx: Transaction, wanted: string, domain: string): Promise<string> {
  for (let suffix = 1; ; suffix++) {
    const label = suffix === 1 ? wanted : `${wanted.slice(0, 58)}-${suffix}`;
    const isTaken =
      (await tx.route.findUnique({ where: { host: `${label}.${domain}` } })) ??
      (await tx.app.findUnique({ where: { slug: label } }));
    if (!isTaken) return `${label}.${domain}`;
  }
}
