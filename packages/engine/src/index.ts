/**
 * The deploy engine: pipelines of durable steps over ports in domain words, and the adapters of those ports. It knows
 * no database, no queue and no environment variables: only a main.ts wires it.
 */
export { aroundMethods } from "./around-methods.ts";
export { createDockerRuntime } from "./docker/create-docker-runtime.ts";
export { isEngineAway } from "./docker/errors.ts";
export { findDockerEngine, findEngineFolder } from "./docker/find-engine.ts";
export { outlastEngine } from "./docker/outlast-engine.ts";
export { protectHost } from "./docker/protect-host.ts";
export { parseRange } from "./egress/guard-egress.ts";
export { createGitRepository } from "./git/create-git-repository.ts";
export { createGitMirrors } from "./git/git-mirrors.ts";
export { checkInstance } from "./health/check-instance.ts";
export { OUTPUT_STREAMS, OutputBuffer, type OutputLines } from "./log/output-buffer.ts";
export { createRedactor, type Redactor } from "./log/redactor.ts";
export { createSecretScan } from "./log/secret-scan.ts";
export { splitLongLine } from "./log/split-long-line.ts";
export type { Pipeline, PipelineEnd, PipelineSignals } from "./pipeline/define-pipeline.ts";
export { deploy } from "./pipeline/deploy.ts";
export { relaunch } from "./pipeline/relaunch.ts";
export { remove } from "./pipeline/remove.ts";
export { rollback } from "./pipeline/rollback.ts";
export { stop } from "./pipeline/stop.ts";
export type * from "./ports.ts";
export { createProcessRuntime } from "./process/create-process-runtime.ts";
export { type AccountIds, canReach, ensureUnprivilegedAccount } from "./process/ensure-unprivileged-account.ts";
export { findNpmCli } from "./process/find-npm.ts";
export { createRouterClient } from "./router/router-client.ts";
export { targetOf } from "./router/target-of.ts";
export { watchRouter } from "./router/watch-router.ts";
export { settleAll } from "./settle-all.ts";
export type { DeployRequest, LiveRelease, ReleaseRequest } from "./steps/deploy-request.ts";
export { inspectSource } from "./steps/inspect-source.ts";
export { readCommitRange } from "./steps/plan-deployment.ts";
export { buildWithinBudget } from "./storage/build-within-budget.ts";
export { type DiskFolder, measureDisks } from "./storage/measure-disks.ts";
export { createWorkspace } from "./workspace/create-workspace.ts";
