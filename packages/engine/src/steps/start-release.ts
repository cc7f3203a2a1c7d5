import type { Artifact, StartedInstance } from "@windlass/domain";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Starts the new release beside the old one. */
export async function startRelease(
  { runtime }: EnginePorts,
  request: ReleaseRequest,
  artifact: Artifact,
  context: EffectContext,
): Promise<StartedInstance> {
  const { labels, config, variables } = request;
  const instance = await runtime.start({ labels, artifact, config, variables }, context);
  await context.log("system", `Started ${instance.name} at ${instance.address.host}:${instance.address.port}`);
  return instance;
}

/** Stops what was started of this release, and the environment's network when nothing else is in it. What was warm before stays so. */
export async function removeRelease(
  { runtime, history }: EnginePorts,
  { labels, config }: ReleaseRequest,
): Promise<void> {
  const owned = await runtime.listOwned(labels.environmentId);
  const warm = await history.warm();
  const ours = owned.filter(
    ({ name, labels: { releaseId } }) => releaseId === labels.releaseId && !warm.includes(name),
  );
  for (const { name } of ours) await runtime.stop(name, config.stopSeconds);
  if (owned.length === ours.length) await runtime.removeEnvironment(labels.environmentId);
}
