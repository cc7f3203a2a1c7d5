import { AppSource, EnvironmentConfig, GitRef, type RuntimeKind } from "@windlass/domain";
import type { Services } from "../../services.ts";
import { createApp } from "../app/create-app.ts";
import { requestDeployment } from "../deployment/request-deployment.ts";
import { environmentUrl } from "../environment/environment-url.ts";
import type { OperationContext } from "../operation.ts";
import { firstTeam } from "./setup.ts";

const SYSTEM = { kind: "system", id: null, name: "Windlass" } as const;
const SAMPLE_NAME = "hello";

export interface SampleApp {
  environmentId: string;
  url: string;
}

/** The sample app when there is one, with its address. */
export async function findSampleApp(services: Pick<Services, "db" | "addresses">): Promise<SampleApp | null> {
  const made = await services.db.auditEntry.findFirst({ where: { action: "app.create", actorKind: "system" } });
  const environment = await services.db.environment.findFirst({
    where: { appId: made?.subject.replace(/^app:/, "") ?? "00000000-0000-0000-0000-000000000000" },
    include: { routes: { orderBy: { createdAt: "asc" } } },
  });
  // It has a host beside its alias only where this machine does not resolve the alias: then that is the one that works.
  const beside = environment?.routes.filter(({ host }) => !host.endsWith(`.${services.addresses.appsDomain}`)) ?? [];
  const url = environment && environmentUrl(services.addresses, [...beside, ...environment.routes]);
  return environment && url ? { environmentId: environment.id, url } : null;
}

/** Makes the sample app of the first run from a repository on disk and requests its deployment. */
export async function createSampleApp(
  services: Services,
  input: { repository: string; branch: string; runtime: RuntimeKind; hosts: string[] },
): Promise<SampleApp & { deploymentId: string }> {
  const ctx: OperationContext = { ...services, actor: SYSTEM };
  const made = await createApp(ctx, await firstTeam(services.db), {
    name: SAMPLE_NAME,
    source: AppSource.parse({ kind: "git", url: input.repository }),
    branch: GitRef.parse(input.branch),
    runtime: input.runtime,
    config: EnvironmentConfig.parse({ health: { path: "/health" } }),
    variables: [],
    hosts: input.hosts,
  });
  const deploymentId = await deploySampleApp(services, made.environmentId);
  const sample = await findSampleApp(services);
  return { environmentId: made.environmentId, url: sample?.url ?? "", deploymentId };
}

/** Deploys the sample app again, under another runtime when one is given. */
export async function deploySampleApp(
  services: Services,
  environmentId: string,
  runtime?: RuntimeKind,
): Promise<string> {
  const environment = await services.db.environment.update({ where: { id: environmentId }, data: { runtime } });
  const request = { environment, kind: "deploy", ref: environment.branch, trigger: "first run" } as const;
  return requestDeployment({ ...services, actor: SYSTEM }, request);
}
