import { awaitHealthy } from "../steps/await-healthy.ts";
import type { RelaunchRequest } from "../steps/deploy-request.ts";
import { planRelaunch } from "../steps/plan-relaunch.ts";
import { retirePrevious } from "../steps/retire-previous.ts";
import { removeRelease, startRelease } from "../steps/start-release.ts";
import { restoreTraffic, startSwitchProber, switchTraffic } from "../steps/switch-traffic.ts";
import { definePipeline } from "./define-pipeline.ts";

/**
 * The live release again, by other instances: all of them for a restart or a start after a stop, some more or fewer to
 * scale. Nothing is built. Same gate, same switch; instances that stay are not touched.
 */
export const relaunch = definePipeline<RelaunchRequest>(async (request, { step, undo, commit, tidy }, ports) => {
  const { artifact, hasServed } = request;
  await step("plan", (context) => planRelaunch(ports, request, context));
  undo("remove new instances", () => removeRelease(ports, request));
  const instances = await step("start release", (context) => startRelease(ports, request, artifact, context));
  using prober = startSwitchProber(ports, request);
  const healthy = await step("await healthy", (context) =>
    awaitHealthy(ports, request, instances, context, { hasServed }),
  );
  undo("restore traffic", ({ signal }) => restoreTraffic(ports, request, instances, signal));
  const switched = await step("switch traffic", (context) =>
    switchTraffic(ports, request, instances, { healthy, prober }, context),
  );
  const past = await commit(() => ports.history.commit({ artifact, instances }));
  const left = { switched, instances, past, prober };
  await tidy("retire previous", (context) => retirePrevious(ports, request, left, context));
});
