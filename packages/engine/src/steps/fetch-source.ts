import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";

/** Writes the commit's files into the deployment's own folder; null for an image. */
export async function fetchSource(
  { source, workspace }: EnginePorts,
  request: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<string | null> {
  if (resolved.kind === "image") return null;
  // From an earlier, interrupted run there may be half of it.
  await workspace.remove(request.deploymentId);
  const folder = await workspace.create(request.deploymentId);
  await source.fetch(request.access, resolved.commit.sha, folder, context);
  return folder;
}

export const removeSource = ({ workspace }: EnginePorts, request: DeployRequest): Promise<void> =>
  workspace.remove(request.deploymentId);
