import { diffConfig } from "@windlass/domain";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { RelaunchRequest } from "./deploy-request.ts";
import { requireArtifact } from "./plan-rollback.ts";

/** Checks that the live release can still be started, and tells how many of it will run. */
export async function planRelaunch(
  { builder, record }: EnginePorts,
  { artifact, commitSha, config, live, ordinals }: RelaunchRequest,
  context: EffectContext,
): Promise<void> {
  await requireArtifact(builder, artifact);
  const before = live?.instances.length ?? 0;
  record({
    plan: {
      commits: [],
      commitsOmitted: 0,
      fromCommit: commitSha,
      toCommit: commitSha,
      isBackwards: false,
      config: diffConfig(live && { ...live.config, instances: before || config.instances }, config),
      variables: { added: [], changed: [], removed: [] },
      commands: { release: null, postDeploy: null },
      zeroDowntime: true,
      zeroDowntimeNote: null,
    },
  });
  await context.log("system", `Instances: ${before} now, ${ordinals.length} after`);
}
