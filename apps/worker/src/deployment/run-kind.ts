import { DomainError, type GitRef } from "@windlass/domain";
import {
  deploy,
  type EnginePorts,
  type Journal,
  type PipelineEnd,
  type PipelineSignals,
  relaunch,
  remove,
  rollback,
  stop,
} from "@windlass/engine";
import type { Worker } from "../wiring.ts";
import { type EnvironmentRow, stoppedNotice } from "./load-release.ts";
import { type LoadedRequest, requireRelease } from "./load-request.ts";
import type { DeploymentRow } from "./run-deployment.ts";

interface Run {
  ports: EnginePorts;
  journal: Journal;
  signals: PipelineSignals;
}

/** The pipeline of each kind, with what it needs beside the rest. */
export async function runKind(
  worker: Worker,
  row: DeploymentRow,
  environment: EnvironmentRow,
  loaded: LoadedRequest,
  { ports, journal, signals }: Run,
): Promise<PipelineEnd> {
  const { request, access } = loaded;
  switch (row.kind) {
    case "deploy":
    case "redeploy":
      return deploy(
        { ...request, access, ref: row.ref as GitRef, allowOlder: row.allowOlder, rebuild: row.rebuild },
        ports,
        journal,
        signals,
      );
    case "rollback":
      return rollback({ ...request, ...requireRelease(loaded) }, ports, journal, signals);
    case "scale":
      if (environment.stoppedAt)
        return refuse("The environment is stopped. Start it, then change how many instances run.");
      return relaunch({ ...request, ...requireRelease(loaded) }, ports, journal, signals);
    case "restart":
    case "start":
      return relaunch({ ...request, ...requireRelease(loaded) }, ports, journal, signals);
    case "stop": {
      const notice = stoppedNotice({ ...environment, stoppedAt: new Date(), stoppedBy: row.actorName });
      return stop({ ...request, notice: request.notice ?? notice }, ports, journal, signals);
    }
    case "delete": {
      const deployments = await worker.db.deployment.findMany({
        where: { environmentId: environment.id },
        select: { id: true },
      });
      const notice = { title: `${environment.app.name} is gone`, text: `It was deleted by ${row.actorName}.` };
      const removal = {
        ...request,
        notice,
        deploymentIds: deployments.map(({ id }) => id),
        unusedSource: (await isSourceUsed(worker, environment)) ? null : access,
      };
      return remove(removal, ports, journal, signals);
    }
  }
}

const refuse = (message: string): PipelineEnd => ({
  status: "failed",
  step: "",
  error: new DomainError("conflict", message),
  warnings: [],
});

/** Whether another environment, of this app or of another with the same source, is left that will want it. */
async function isSourceUsed({ db }: Worker, { id, app }: EnvironmentRow): Promise<boolean> {
  const others = await db.environment.count({
    where: { id: { not: id }, app: { source: { equals: app.source ?? {} } } },
  });
  return others > 0;
}
