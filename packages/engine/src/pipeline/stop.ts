import { closeTraffic } from "../steps/close-traffic.ts";
import type { ReleaseRequest } from "../steps/deploy-request.ts";
import { stopInstances } from "../steps/stop-instances.ts";
import { restoreTraffic } from "../steps/switch-traffic.ts";
import { definePipeline } from "./define-pipeline.ts";

/** People get a page that says so, then everything of the environment ends. Its releases, settings and addresses stay. */
export const stop = definePipeline<ReleaseRequest>(async (request, { step, undo, commit }, ports) => {
  undo("restore traffic", ({ signal }) => restoreTraffic(ports, { ...request, notice: null }, [], signal));
  await step("close traffic", (context) => closeTraffic(ports, request, context));
  await commit(() => ports.history.stop());
  await step("stop instances", (context) => stopInstances(ports, request, context));
});
