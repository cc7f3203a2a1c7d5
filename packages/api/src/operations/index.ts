/** What processes beside the web may do: the same operations, without a transport. */

export { createQueues, ENVIRONMENT_QUEUE_OPTIONS, openQueue, type Queue, queueOver } from "../queue/queue.ts";
export type { AddressSettings, Services } from "../services.ts";
export { endSession, type SignedIn, signIn } from "./account/sign-in.ts";
export { createApp, type NewApp } from "./app/create-app.ts";
export { writeAudit } from "./audit/write-audit.ts";
export { cancelDeployment } from "./deployment/cancel-deployment.ts";
export { readDeployment } from "./deployment/read-deployments.ts";
export { redeploy } from "./deployment/redeploy.ts";
export { requestDeployment } from "./deployment/request-deployment.ts";
export { requestRollback } from "./deployment/request-rollback.ts";
export { createEnvironment } from "./environment/create-environment.ts";
export { deleteApp, deleteEnvironment } from "./environment/delete-environment.ts";
export { environmentUrl } from "./environment/environment-url.ts";
export { holdTraffic } from "./environment/hold-traffic.ts";
export { type Operation, operateEnvironment } from "./environment/operate-environment.ts";
export type { OperationContext } from "./operation.ts";
export { readRuntimes } from "./runtime/read-runtimes.ts";
export { createSampleApp, deploySampleApp, findSampleApp, type SampleApp } from "./setup/create-sample-app.ts";
export { issueSetupLink } from "./setup/setup.ts";
export { readStorage } from "./storage/read-storage.ts";
export { requestCleanUp } from "./storage/request-clean-up.ts";
export { requestLook } from "./storage/request-look.ts";
