import { settleAll } from "../settle-all.ts";
import { awaitHealthy } from "../steps/await-healthy.ts";
import { buildArtifact, removeArtifact } from "../steps/build-artifact.ts";
import { checkDisk } from "../steps/check-disk.ts";
import type { DeployRequest } from "../steps/deploy-request.ts";
import { fetchSource, removeSource } from "../steps/fetch-source.ts";
import { isLiveAgain } from "../steps/is-live-again.ts";
import { planDeployment } from "../steps/plan-deployment.ts";
import { resolveSource } from "../steps/resolve-source.ts";
import { retirePrevious } from "../steps/retire-previous.ts";
import { removeCommands, runCommand } from "../steps/run-command.ts";
import { removeRelease, startRelease } from "../steps/start-release.ts";
import { restoreTraffic, startSwitchProber, switchTraffic } from "../steps/switch-traffic.ts";
import { definePipeline } from "./define-pipeline.ts";

/** From a source to a release that takes the traffic. Nothing of the old release is touched before the new one is healthy. */
export const deploy = definePipeline<DeployRequest>(async (request, { step, undo, commit, tidy }, ports) => {
  const { releaseCommand, postDeployCommand } = request.config;
  const source = await step("resolve source", (context) => resolveSource(ports, request, context));
  await step("plan", (context) => planDeployment(ports, request, source, context));
  await step("check disk", (context) => checkDisk(ports, request, source, context));
  undo("remove source", () => removeSource(ports, request));
  undo("remove artifact", () => removeArtifact(ports, request));
  const fetched = await step("fetch source", (context) => fetchSource(ports, request, source, context));
  const artifact = await step("build", (context) => buildArtifact(ports, request, source, fetched, context));
  undo("remove new release", () => removeRelease(ports, request));
  if (releaseCommand) {
    const command = { purpose: "release", argv: releaseCommand } as const;
    await step("release command", (context) => runCommand(ports, request, artifact, command, context));
  }
  const instances = await step("start release", (context) => startRelease(ports, request, artifact, context));
  using prober = startSwitchProber(ports, request);
  const hasServed = isLiveAgain(request, artifact);
  const healthy = await step("await healthy", (context) =>
    awaitHealthy(ports, request, instances, context, { hasServed }),
  );
  undo("restore traffic", ({ signal }) => restoreTraffic(ports, request, instances, signal));
  const switched = await step("switch traffic", (context) =>
    switchTraffic(ports, request, instances, { healthy, prober }, context),
  );
  const past = await commit(() => ports.history.commit({ artifact, instances }));
  const left = { switched, instances, past, prober };
  await tidy("retire previous", (context) =>
    settleAll([retirePrevious(ports, request, left, context), removeSource(ports, request)]),
  );
  if (postDeployCommand) {
    const command = { purpose: "post-deploy", argv: postDeployCommand } as const;
    await tidy("post-deploy command", (context) => runCommand(ports, request, artifact, command, context));
  }
  if (releaseCommand || postDeployCommand) await tidy("clean up", () => removeCommands(ports, request));
});
