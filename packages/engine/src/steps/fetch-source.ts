import type { Artifact } from "@windlass/domain";
import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";
import { reuseArtifact } from "./reuse-artifact.ts";

/** What a build begins with: the files, or for a commit that was built before the artifact itself; neither for an image. */
export interface Fetched {
  folder: string | null;
  artifact: Artifact | null;
}

/** Writes the commit's files into the deployment's own folder, unless they were built before. */
export async function fetchSource(
  ports: EnginePorts,
  request: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<Fetched> {
  if (resolved.kind === "image") return { folder: null, artifact: null };
  const artifact = await reuseArtifact(ports, request, resolved, context);
  if (artifact) return { folder: null, artifact };
  const { source, workspace } = ports;
  // From an earlier, interrupted run there may be half of it.
  await workspace.remove(request.deploymentId);
  const folder = await workspace.create(request.deploymentId);
  await source.fetch(request.access, resolved.commit.sha, folder, context);
  return { folder, artifact: null };
}

export const removeSource = ({ workspace }: EnginePorts, request: DeployRequest): Promise<void> =>
  workspace.remove(request.deploymentId);
