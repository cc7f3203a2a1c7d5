import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import { requireSpace } from "../storage/require-space.ts";
import type { DeployRequest } from "./deploy-request.ts";
import { builtFrom } from "./reuse-artifact.ts";

/** Nothing is fetched on a disk that is short. What the live release took says what this one will take. */
export async function checkDisk(
  { disks, runtime }: EnginePorts,
  { live, config, rebuild }: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<void> {
  const before = live?.artifact;
  const isBuilt =
    !rebuild && before?.kind === "image" && before.builtFrom === (builtFrom(resolved, config.build) ?? "");
  const { bytes = 0, sourceBytes = 0 } = isBuilt ? {} : (before ?? {});
  // The build works on a copy of the source.
  await requireSpace(disks, { sources: sourceBytes, [runtime.kind]: sourceBytes + bytes }, context);
}
