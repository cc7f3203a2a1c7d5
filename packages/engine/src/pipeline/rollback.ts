import { awaitHealthy } from "../steps/await-healthy.ts";
import { bringBackRelease } from "../steps/bring-back-release.ts";
import type { RollbackRequest } from "../steps/deploy-request.ts";
import { planRollback } from "../steps/plan-rollback.ts";
import { retirePrevious } from "../steps/retire-previous.ts";
import { removeRelease } from "../steps/start-release.ts";
import { restoreTraffic, startSwitchProber, switchTraffic } from "../steps/switch-traffic.ts";
import { definePipeline } from "./define-pipeline.ts";

/** A kept release takes the traffic again, as it was: its artifact, settings and variables. Same gate, same switch. One that stayed warm needs no start. */
export const rollback = definePipeline<RollbackRequest>(async (request, { step, undo, commit, tidy }, ports) => {
  const { artifact, hasServed } = request;
  await step("plan", (context) => planRollback(ports, request, context));
  undo("remove new release", () => removeRelease(ports, request));
  // What stayed warm takes the traffic within moments, and what was usual before belongs into the proof.
  using prober = startSwitchProber(ports, request);
  const { instances, wasWarm } = await step("start release", (context) => bringBackRelease(ports, request, context));
  const healthy = await step("await healthy", (context) =>
    awaitHealthy(ports, request, instances, context, { wasWarm, hasServed }),
  );
  undo("restore traffic", ({ signal }) => restoreTraffic(ports, request, instances, signal));
  const switched = await step("switch traffic", (context) =>
    switchTraffic(ports, request, instances, { healthy, prober }, context),
  );
  const past = await commit(() => ports.history.commit({ artifact, instances }));
  const left = { switched, instances, past, prober };
  await tidy("retire previous", (context) => retirePrevious(ports, request, left, context));
});
