import { AppSource, Artifact, DomainError, EnvironmentConfig, isBuilding, type Secret } from "@windlass/domain";
import type { ReleaseRequest, SourceAccess } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import { chooseOrdinals } from "./choose-ordinals.ts";
import {
  digestVariables,
  type EnvironmentRow,
  hostsOf,
  instanceOf,
  labelsOf,
  liveReleaseOf,
  openVariables,
  sealVariables,
  secretsIn,
  stoppedNotice,
  type Variables,
} from "./load-release.ts";
import type { NewRelease } from "./release-history.ts";
import type { DeploymentRow } from "./run-deployment.ts";

export type LoadedRequest = Awaited<ReturnType<typeof loadRequest>>;

/** What it is about: a release that exists, as it was made, or the environment as it is now. */
export async function loadRequest(
  worker: Worker,
  lease: Lease,
  row: DeploymentRow,
  environment: EnvironmentRow,
  variablesNow: Variables,
) {
  const existing = isBuilding(row.kind) ? null : await findRelease(worker, row, environment);
  const variables = existing ? openVariables(worker, existing.variables) : variablesNow;
  const live = liveReleaseOf(environment);
  const wanted = EnvironmentConfig.parse(environment.config);
  // How many run is the environment's, whichever release it is.
  const isSame = row.kind === "restart" && live !== null && live.instances.length > 0;
  const instances = isSame ? live.instances.length : (row.instances ?? wanted.instances);
  const config = { ...(existing ? EnvironmentConfig.parse(existing.config) : wanted), instances };
  const runtime = existing?.runtime ?? environment.runtime;
  const variableDigests = digestVariables(worker, variables);
  const liveOrdinals = live?.instances.map(({ ordinal }) => ordinal) ?? [];
  const request: ReleaseRequest = {
    deploymentId: row.id,
    labels: labelsOf(worker, environment, row.id, existing?.id ?? row.id),
    fencingToken: lease.token,
    hosts: hostsOf(environment),
    ordinals: chooseOrdinals(row.kind, liveOrdinals, instances),
    config,
    variables,
    variableDigests,
    // After the point of no return the environment's live release is this one; what was live before is found again.
    live: row.committedToTraffic ? await releaseBefore(worker, row) : live,
    notice: stoppedNotice(environment),
  };
  const access = openAccess(worker, environment.app);
  const newRelease: NewRelease | null = existing
    ? null
    : {
        runtime,
        config,
        variables: sealVariables(worker, variables),
        variablesVersion: environment.variablesVersion,
        variableDigests,
        hosts: hostsOf(environment),
      };
  const secrets: Secret[] = [
    ...secretsIn(variables),
    ...[access.repositoryToken, access.deployKey].filter((secret) => secret !== null),
  ];
  return { request, access, newRelease, runtime, existing, secrets };
}

/** The release that comes back, or the one that is live. */
async function findRelease({ db }: Worker, row: DeploymentRow, environment: EnvironmentRow) {
  const id = row.kind === "rollback" ? row.releaseId : environment.currentReleaseId;
  if (id === null) return null;
  const release = await db.release.findUniqueOrThrow({
    where: { id },
    include: { instances: { where: { status: "warm" }, orderBy: { ordinal: "asc" } } },
  });
  const turnedBack = await db.bake.count({
    where: { environmentId: environment.id, releaseId: id, revertId: { not: null } },
  });
  return {
    ...release,
    artifact: Artifact.parse(release.artifact),
    warm: release.instances.map(instanceOf),
    hasServed: turnedBack === 0,
  };
}

/** For a deployment that was interrupted after its commit: what it replaced, to be retired. */
async function releaseBefore({ db }: Worker, { environmentId }: DeploymentRow): Promise<ReleaseRequest["live"]> {
  const retiring = await db.instance.findMany({
    where: { status: "retiring", release: { environmentId } },
    include: { release: true },
    orderBy: [{ startedAt: "desc" }, { ordinal: "asc" }],
  });
  const release = retiring[0]?.release;
  if (!release) return null;
  return {
    releaseId: release.id,
    artifact: Artifact.parse(release.artifact),
    instances: retiring.map(instanceOf),
    config: EnvironmentConfig.parse(release.config),
    commitSha: release.commitSha,
    variableDigests: release.variableDigests as Record<string, string>,
  };
}

/** The app's source with its credentials, decrypted. */
export function openAccess({ cipher }: Worker, app: EnvironmentRow["app"]): SourceAccess {
  return {
    source: AppSource.parse(app.source),
    repositoryToken: app.repositoryToken ? cipher.decrypt(app.repositoryToken, "repositoryToken") : null,
    deployKey: app.deployKey ? cipher.decrypt(app.deployKey, "deployKey") : null,
    sshHostKeys: app.sshHostKeys,
  };
}

/** Rejects when there is no release that could be started again. */
export function requireRelease({ existing }: LoadedRequest) {
  if (existing) {
    const { artifact, commitSha, warm, hasServed } = existing;
    return { artifact, commitSha, warm, hasServed };
  }
  throw new DomainError("conflict", "Nothing was deployed here yet. Deploy first.");
}
