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

/** Stops what was started of this release, and the environment's network when nothing else is in it. */
export async function removeRelease({ runtime }: EnginePorts, { labels, config }: ReleaseRequest): Promise<void> {
  const owned = await runtime.listOwned(labels.environmentId);
  const ours = owned.filter((instance) => instance.labels.releaseId === labels.releaseId);
  for (const { name } of ours) await runtime.stop(name, config.stopSeconds);
  if (owned.length === ours.length) await runtime.removeEnvironment(labels.environmentId);
}
