import { closeTraffic } from "../steps/close-traffic.ts";
import type { RemoveRequest } from "../steps/deploy-request.ts";
import { removeArtifacts, removeRemains } from "../steps/remove-remains.ts";
import { stopInstances } from "../steps/stop-instances.ts";
import { definePipeline } from "./define-pipeline.ts";

/** Takes everything away that an environment has outside of the database. Its rows go when this has ended, so nothing is forgotten. */
export const remove = definePipeline<RemoveRequest>(async (request, { step, commit }, ports) => {
  await commit(() => ports.history.stop());
  await step("close traffic", (context) => closeTraffic(ports, request, context));
  await step("stop instances", (context) => stopInstances(ports, request, context));
  await step("remove artifacts", (context) => removeArtifacts(ports, request, context));
  await step("remove remains", (context) => removeRemains(ports, request, context));
});
