import { isConnectionLost } from "@windlass/db";
import {
  type DeploymentKind,
  DomainError,
  EnvironmentConfig,
  isEnded,
  isReleasing,
  type RuntimeKind,
  toDomainError,
} from "@windlass/domain";
import {
  aroundMethods,
  buildWithinBudget,
  createRedactor,
  type EnginePorts,
  type Journal,
  outlastEngine,
  type PipelineEnd,
  type PipelineSignals,
} from "@windlass/engine";
import { type Fence, fenceEffects } from "../lease/fence-effects.ts";
import type { Lease } from "../lease/lease.ts";
import { limitBuilds } from "../queue/take-build-place.ts";
import type { Taken } from "../queue/take-next.ts";
import { restoreLive } from "../reconcile/restore-live.ts";
import { openDisks } from "../storage/open-disks.ts";
import type { Worker } from "../wiring.ts";
import { deleteEnvironment } from "./delete-environment.ts";
import { findAdapters, findUsedRuntimes } from "./find-adapters.ts";
import { createRecorder, openJournal, redactCause } from "./journal.ts";
import { type EnvironmentRow, readVariables, type Variables, WITH_LIVE } from "./load-release.ts";
import { loadRequest } from "./load-request.ts";
import { NOTHING_STORED, openLogWriter, readStoredLog } from "./log-writer.ts";
import { beginDeployment, endDeployment } from "./move-deployment.ts";
import { redactText } from "./redact-words.ts";
import { createReleaseHistory } from "./release-history.ts";
import { runKind } from "./run-kind.ts";
import { watchCancel } from "./watch-cancel.ts";

export type DeploymentRow = Awaited<ReturnType<Worker["db"]["deployment"]["findUniqueOrThrow"]>>;

/** What is read of a deployment before it begins. */
interface Known {
  row: DeploymentRow;
  isTakenOver: boolean;
  environment: EnvironmentRow;
  /** The environment's now */
  variables: Variables;
  usedRuntimes: RuntimeKind[];
}

/** Takes one queued deployment, or one that a worker left behind, to its end; or leaves it when the lease is lost. */
export async function runDeployment(worker: Worker, { deploymentId, isTakenOver, lease }: Taken): Promise<void> {
  const { environmentId } = lease;
  // Its worker died, maybe with the whole machine: what is live comes first.
  if (isTakenOver) {
    await restoreLive(worker, lease).catch((error: unknown) =>
      worker.log.error({ err: error, environmentId }, "live release could not be restored"),
    );
  }
  // `findUnique` would wait whether others are asked for with it.
  const [row, environment, variables, usedRuntimes] = await Promise.all([
    worker.db.deployment.findFirstOrThrow({ where: { id: deploymentId } }),
    worker.db.environment.findFirstOrThrow({ where: { id: environmentId }, include: WITH_LIVE }),
    readVariables(worker, environmentId),
    findUsedRuntimes(worker.db, environmentId),
    isTakenOver || beginDeployment(lease, deploymentId),
  ]);
  // In the moment it was taken.
  if (isEnded(row.status)) return;
  const known = { row, isTakenOver, environment, variables, usedRuntimes };
  const cancel = watchCancel(worker, row.id, lease.lost);
  try {
    const signals = { cancel: cancel.signal, abandon: AbortSignal.any([lease.lost, worker.shutdown]) };
    const end = await runPipeline(worker, lease, known, signals).catch(
      (error: unknown): PipelineEnd =>
        isConnectionLost(error) ? { status: "abandoned" } : unexpectedEnd(worker, row.id, error),
    );
    if (end.status === "abandoned") return;
    if (row.kind === "delete" && end.status === "succeeded") await deleteEnvironment(worker, lease, row);
    else await writeEnd(worker, lease, row, end);
  } finally {
    cancel.stop();
  }
}

async function runPipeline(
  worker: Worker,
  lease: Lease,
  { row, isTakenOver, environment, variables, usedRuntimes }: Known,
  signals: PipelineSignals,
): Promise<PipelineEnd> {
  const loaded = await loadRequest(worker, lease, row, environment, variables);
  const { request, newRelease, secrets } = loaded;
  const redact = createRedactor(secrets);
  const stored = isTakenOver ? await readStoredLog(worker.db, row.id) : NOTHING_STORED;
  const log = openLogWriter(lease, row.id, stored, redact);
  const deployment = { id: row.id, isTakenOver, isCommitted: row.committedToTraffic };
  const books = await openJournal(worker.db, deployment, log, redact);
  let step = "";
  const journal: Journal = {
    ...books,
    openStep: (name) => {
      step = name;
      return books.openStep(name);
    },
  };
  try {
    const ids = {
      deploymentId: row.id,
      environmentId: environment.id,
      releaseId: request.labels.releaseId,
      scaleTo: row.instances,
      startedAt: row.startedAt ?? new Date(),
    };
    const { source, workspace } = worker;
    // What led to an effect is written down before it begins: whoever takes over must know of it.
    const fence: Fence = {
      async confirm() {
        await log.stored();
        // Last: the effect has the whole time of a lease from here.
        await lease.confirm();
      },
    };
    const router = aroundMethods(worker.router, async (call, name) => {
      if (name !== "table") await log.stored();
      return call();
    });
    const taken = { kind: row.kind, isTakenOver };
    const adapters = await findAdapters(worker, usedRuntimes, taken, loaded.runtime, signals.abandon);
    const patient = outlastEngine({
      patienceMs: worker.enginePatienceMs,
      signal: signals.abandon,
      tell: (text) => journal.log(step, "system", text),
    });
    const own = mapPorts(fenceEffects(adapters.own, fence), patient);
    const disks = lease.letGoWith(openDisks(worker, lease));
    const budgeted = buildWithinBudget(own.builder, disks, own.runtime.kind, request.live?.artifact ?? null);
    const ports: EnginePorts = {
      source,
      router,
      workspace: {
        // One that woke up too late would leave a folder that nobody removes.
        create: async (id) => {
          await fence.confirm();
          return workspace.create(id);
        },
        // Another worker may be writing into it again.
        remove: async (id) => {
          await fence.confirm();
          await workspace.remove(id);
        },
      },
      ...own,
      builder: lease.letGoWith(limitBuilds(worker, lease, budgeted)),
      disks,
      everywhere: adapters.everywhere.map((one) => mapPorts(fenceEffects(one, fence), patient)),
      record: createRecorder(log, row.id, redact),
      history: lease.letGoWith(
        createReleaseHistory(worker.db, lease, ids, newRelease, EnvironmentConfig.parse(environment.config)),
      ),
    };
    const end = await runKind(worker, row, environment, loaded, { ports, journal, signals });
    if (end.status === "failed" && end.error.code === "unexpected") tellUnexpected(worker, row.id, end.error.cause);
    return redactEnd(end, redact);
  } catch (thrown) {
    if (!(thrown instanceof DomainError) || thrown.code !== "runtime_unavailable") throw thrown;
    if (signals.abandon.aborted) return { status: "abandoned" };
    // It is live; what was left to be done, the reconciler does.
    if (row.committedToTraffic && isReleasing(row.kind)) return { status: "succeeded", warnings: [thrown.message] };
    return { status: "failed", step: "", error: thrown, warnings: [] };
  } finally {
    await log.flush().catch(() => {});
  }
}

const mapPorts = <Ports extends object>(ports: Ports, map: <Port extends object>(port: Port) => Port): Ports =>
  Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, map(port)])) as Ports;

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
  tellUnexpected(worker, deploymentId, thrown);
  const told = new DomainError(error.code, error.message, { fault: error.fault });
  return { status: "failed", step: "", error: told, warnings: [] };
}

/** What was thrown may hold anything: the deployment tells only that it was unexpected, and sends whoever reads it here. */
const tellUnexpected = ({ log }: Worker, deploymentId: string, thrown: unknown) =>
  log.error({ err: thrown, deploymentId }, "deployment failed unexpectedly");

const DONE: Partial<Record<DeploymentKind, string>> = { stop: "Stopped. Nothing of it runs any more." };

async function writeEnd(
  worker: Worker,
  lease: Lease,
  { id, kind }: DeploymentRow,
  end: Exclude<PipelineEnd, { status: "abandoned" }>,
): Promise<void> {
  const told =
    end.status === "succeeded"
      ? { reason: "succeeded", message: DONE[kind] ?? "Live and healthy.", evidence: [] }
      : {
          reason: end.error.code,
          message: end.error.message,
          step: end.step || undefined,
          evidence: end.error.evidence,
          cause: end.error.failure,
        };
  await endDeployment(lease, id, end.status, told, end.warnings);
  worker.log.info({ deploymentId: id, status: end.status, reason: told.reason }, "deployment ended");
}
