import type { Transaction } from "@windlass/db";
import {
  type AppSource,
  DomainError,
  type EnvironmentConfig,
  type GitRef,
  type RuntimeKind,
  slugFrom,
  type VariableInput,
} from "@windlass/domain";
import { writeAudit } from "../audit/write-audit.ts";
import type { OperationContext } from "../operation.ts";
import { readDeployKey } from "../source/deploy-key.ts";
import { variableColumns } from "../variable/set-variables.ts";

export interface NewApp {
  name: string;
  source: AppSource;
  /** Empty for an image */
  branch: GitRef | "";
  repositoryToken?: string;
  deployKeyId?: string;
  sshHostKeys?: string[];
  runtime: RuntimeKind;
  config: EnvironmentConfig;
  variables: VariableInput[];
  /** Host names beside the alias, for the sample app */
  hosts?: string[];
}

/** Makes an app with its production environment and its alias. Rejects with conflict when the name is taken in the team. */
export async function createApp(
  ctx: OperationContext,
  team: { id: string },
  input: NewApp,
): Promise<{ appId: string; environmentId: string }> {
  const wanted = slugFrom(input.name);
  if (!wanted) {
    throw new DomainError(
      "invalid_input",
      "Use at least one Latin letter in the name: it becomes part of the app's address.",
      {
        field: "name",
      },
    );
  }
  if (input.source.kind === "image" && input.runtime === "process") {
    throw new DomainError("invalid_input", "A ready image needs the Docker runtime.", { field: "runtime" });
  }
  const key = input.deployKeyId ? await readDeployKey(ctx, team.id, input.deployKeyId) : null;
  return ctx.db.$transaction(async (tx) => {
    await tx.$queryRaw`select pg_advisory_xact_lock(hashtext('windlass app slug'))::text`;
    if (await tx.app.findFirst({ where: { teamId: team.id, name: input.name } })) {
      throw new DomainError("conflict", `This team has an app named ${input.name} already.`, { field: "name" });
    }
    const slug = await freeSlug(tx, wanted, ctx.addresses.appsDomain);
    const app = await tx.app.create({
      data: {
        teamId: team.id,
        slug,
        name: input.name,
        source: input.source,
        repositoryToken: input.repositoryToken ? ctx.cipher.encrypt(input.repositoryToken, "repositoryToken") : null,
        deployKey: key?.privateKey ?? null,
        deployKeyPublic: key?.publicKey ?? null,
        sshHostKeys: input.sshHostKeys ?? [],
      },
    });
    const environment = await tx.environment.create({
      data: {
        appId: app.id,
        teamId: team.id,
        slug: "production",
        name: "Production",
        branch: input.branch,
        runtime: input.runtime,
        config: input.config,
        variables: {
          create: input.variables.map((variable) => ({ key: variable.key, ...variableColumns(ctx, variable) })),
        },
        routes: {
          create: [{ host: `${slug}.${ctx.addresses.appsDomain}` }, ...(input.hosts ?? []).map((host) => ({ host }))],
        },
      },
    });
    await writeAudit(tx, ctx.actor, {
      teamId: team.id,
      action: "app.create",
      subject: `app:${app.id}`,
      detail: { name: input.name, slug },
    });
    return { appId: app.id, environmentId: environment.id };
  });
}

/** `shop`, or `shop-2` and so on when another team has it: aliases are shared by the whole instance. */
async function freeSlug(tx: Transaction, wanted: string, domain: string): Promise<string> {
  for (let suffix = 1; ; suffix++) {
    const slug = suffix === 1 ? wanted : `${wanted.slice(0, 36)}-${suffix}`;
    const isTaken =
      (await tx.app.findFirst({ where: { slug } })) ??
      (await tx.route.findFirst({ where: { host: `${slug}.${domain}` } }));
    if (!isTaken) return slug;
  }
}
