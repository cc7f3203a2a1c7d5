import {
  AppSource,
  Artifact,
  DomainError,
  EnvironmentConfig,
  type GitRef,
  isEnded,
  toDomainError,
} from "@windlass/domain";
import {
  createRedactor,
  deploy,
  type EnginePorts,
  type PipelineEnd,
  type PipelineSignals,
  type ReleaseRequest,
  rollback,
  type SourceAccess,
} from "@windlass/engine";
import { fenceEffects } from "../lease/fence-effects.ts";
import { isConnectionLost } from "../lease/is-connection-lost.ts";
import type { Lease } from "../lease/lease.ts";
import { limitBuilds } from "../queue/take-build-place.ts";
import { restoreLive } from "../reconcile/restore-live.ts";
import type { Worker } from "../wiring.ts";
import { createRecorder, openJournal, redactCause } from "./journal.ts";
import {
  digestVariables,
  type EnvironmentRow,
  firstOrdinals,
  hostsOf,
  instanceOf,
  labelsOf,
  liveReleaseOf,
  openVariables,
  readVariables,
  sealVariables,
  secretsIn,
  WITH_LIVE,
} from "./load-release.ts";
import { NOTHING_STORED, openLogWriter, readStoredLog } from "./log-writer.ts";
import { moveDeployment } from "./move-deployment.ts";
import { redactText } from "./redact-words.ts";
import { createReleaseHistory, type NewRelease } from "./release-history.ts";
import { watchCancel } from "./watch-cancel.ts";

type DeploymentRow = Awaited<ReturnType<Worker["db"]["deployment"]["findUniqueOrThrow"]>>;

/** Takes one queued deployment, or one that a worker left behind, to its end; or leaves it when the lease is lost. */
export async function runDeployment(worker: Worker, lease: Lease, deploymentId: string): Promise<void> {
  const row = await worker.db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
  // Cancelled or superseded in the moment it was taken.
  if (isEnded(row.status)) return;
  if (row.status === "queued") {
    await lease.write((tx) => moveDeployment(tx, row.id, "queued", "running", { data: { startedAt: new Date() } }));
  } else {
    // Its worker died, maybe with the whole machine: what is live comes first.
    await restoreLive(worker, lease).catch((error: unknown) =>
      worker.log.error({ err: error, environmentId: row.environmentId }, "live release could not be restored"),
    );
  }
  const cancel = watchCancel(worker, row.id, lease.lost);
  try {
    const signals = { cancel: cancel.signal, abandon: AbortSignal.any([lease.lost, worker.shutdown]) };
    const end = await runPipeline(worker, lease, row, signals).catch(
      (error: unknown): PipelineEnd =>
        isConnectionLost(error) ? { status: "abandoned" } : unexpectedEnd(worker, row.id, error),
    );
    if (end.status !== "abandoned") await writeEnd(worker, lease, row.id, end);
  } finally {
    cancel.stop();
  }
}

async function runPipeline(
  worker: Worker,
  lease: Lease,
  row: DeploymentRow,
  signals: PipelineSignals,
): Promise<PipelineEnd> {
  const environment = await worker.db.environment.findUniqueOrThrow({
    where: { id: row.environmentId },
    include: WITH_LIVE,
  });
  const { request, access, release, newRelease, secrets } = await loadRequest(worker, lease, row, environment);
  const redact = createRedactor(secrets);
  const isTakenOver = row.status === "running";
  const stored = isTakenOver ? await readStoredLog(worker.db, row.id) : NOTHING_STORED;
  const log = openLogWriter(lease, row.id, stored, redact);
  const deployment = { id: row.id, isTakenOver, isCommitted: row.committedToTraffic };
  const journal = await openJournal(worker.db, lease, deployment, log, redact);
  try {
    const adapters = worker.runtimeOf(release.runtime);
    if ("problem" in adapters) {
      const error = new DomainError("runtime_unavailable", adapters.problem, { fault: "server", retryable: true });
      return { status: "failed", step: "plan", error, warnings: [] };
    }
    const ids = { deploymentId: row.id, environmentId: environment.id, releaseId: request.labels.releaseId };
    const { source, router, workspace } = worker;
    const fenced = fenceEffects(adapters, lease);
    const ports: EnginePorts = {
      source,
      router,
      workspace: {
        // One that woke up too late would leave a folder that nobody removes.
        create: async (id) => {
          await lease.confirm();
          return workspace.create(id);
        },
        remove: (id) => workspace.remove(id),
      },
      ...fenced,
      builder: limitBuilds(worker, lease, fenced.builder),
      record: createRecorder(lease, row.id, redact),
      history: createReleaseHistory(worker.db, lease, ids, newRelease, EnvironmentConfig.parse(environment.config)),
    };
    const end = release.artifact
      ? await rollback(
          { ...request, artifact: release.artifact, commitSha: release.commitSha, warm: release.warm },
          ports,
          journal,
          signals,
        )
      : await deploy(
          { ...request, access, ref: row.ref as GitRef, allowOlder: row.allowOlder },
          ports,
          journal,
          signals,
        );
    return redactEnd(end, redact);
  } finally {
    await log.flush().catch(() => {});
  }
}

/** What is deployed: for a rollback the release as it was, else the environment as it is now. */
async function loadRequest(worker: Worker, lease: Lease, row: DeploymentRow, environment: EnvironmentRow) {
  const back =
    row.kind === "rollback"
      ? await worker.db.release.findUniqueOrThrow({
          where: { id: row.releaseId ?? "" },
          include: { instances: { where: { status: "warm" }, orderBy: { ordinal: "asc" } } },
        })
      : null;
  const variables = back ? openVariables(worker, back.variables) : await readVariables(worker, environment.id);
  const { instances } = EnvironmentConfig.parse(environment.config);
  // How many run is the environment's, whichever release comes back.
  const config = { ...EnvironmentConfig.parse(back ? back.config : environment.config), instances };
  const runtime = back?.runtime ?? environment.runtime;
  const variableDigests = digestVariables(worker, variables);
  const live = liveReleaseOf(environment);
  const request: ReleaseRequest = {
    deploymentId: row.id,
    labels: labelsOf(worker, environment, row.id, back?.id ?? row.id),
    fencingToken: lease.token,
    hosts: hostsOf(environment),
    ordinals: firstOrdinals(instances),
    config,
    variables,
    variableDigests,
    // After the point of no return the environment's live release is this one; what was live before is found again.
    live: row.committedToTraffic ? await releaseBefore(worker, row) : live,
  };
  const access = accessOf(worker, environment.app);
  const newRelease: NewRelease | null = back
    ? null
    : {
        runtime,
        config,
        variables: sealVariables(worker, variables),
        variablesVersion: environment.variablesVersion,
        variableDigests,
        hosts: hostsOf(environment),
      };
  return {
    request,
    access,
    newRelease,
    release: {
      runtime,
      artifact: back ? Artifact.parse(back.artifact) : null,
      commitSha: back?.commitSha ?? null,
      warm: back?.instances.map(instanceOf) ?? [],
    },
    secrets: [
      ...secretsIn(variables),
      ...[access.repositoryToken, access.deployKey].filter((secret) => secret !== null),
    ],
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
    instances: retiring.map(instanceOf),
    config: EnvironmentConfig.parse(release.config),
    commitSha: release.commitSha,
    variableDigests: release.variableDigests as Record<string, string>,
  };
}

/** The app's source with its credentials, decrypted. */
function accessOf({ cipher }: Worker, app: EnvironmentRow["app"]): SourceAccess {
  return {
    source: AppSource.parse(app.source),
    repositoryToken: app.repositoryToken ? cipher.decrypt(app.repositoryToken, "repositoryToken") : null,
    deployKey: app.deployKey ? cipher.decrypt(app.deployKey, "deployKey") : null,
    sshHostKeys: app.sshHostKeys,
  };
}

function redactEnd(end: PipelineEnd, redact: (text: string) => string): PipelineEnd {
  if (end.status === "abandoned") return end;
  const warnings = end.warnings.map(redact);
  if (end.status === "succeeded") return { ...end, warnings };
  const { code, message, evidence, fault, failure } = end.error;
  const detail = {
    fault,
    evidence: evidence.map((text) => redactText(text, redact)),
    failure: failure && redactCause(failure, redact),
  };
  return { ...end, warnings, error: new DomainError(code, redact(message), detail) };
}

function unexpectedEnd(worker: Worker, deploymentId: string, thrown: unknown): PipelineEnd {
  const error = toDomainError(thrown);
  if (error.code === "lease_lost" || worker.shutdown.aborted) return { status: "abandoned" };
  worker.log.error({ err: thrown, deploymentId }, "deployment failed unexpectedly");
  // What was thrown may hold anything, and is in the operator's log.
  const told = new DomainError(error.code, error.message, { fault: error.fault });
  return { status: "failed", step: "", error: told, warnings: [] };
}

async function writeEnd(
  worker: Worker,
  lease: Lease,
  id: string,
  end: Exclude<PipelineEnd, { status: "abandoned" }>,
): Promise<void> {
  const told =
    end.status === "succeeded"
      ? { reason: "succeeded", message: "Live and healthy.", evidence: [] }
      : {
          reason: end.error.code,
          message: end.error.message,
          step: end.step || undefined,
          evidence: end.error.evidence,
          cause: end.error.failure,
        };
  await lease.write((tx) =>
    moveDeployment(tx, id, "running", end.status, { end: told, data: { warnings: end.warnings } }),
  );
  worker.log.info({ deploymentId: id, status: end.status, reason: told.reason }, "deployment ended");
}
