import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Removes the fetched source, what commands left, and releases past the kept count. */
export async function cleanUp(
  { workspace, history, builder, commands }: EnginePorts,
  request: ReleaseRequest,
  context: EffectContext,
): Promise<void> {
  const { releaseCommand, postDeployCommand } = request.config;
  const [expired] = await Promise.all([
    history.expired(),
    workspace.remove(request.deploymentId),
    (releaseCommand || postDeployCommand) && commands.remove(request.labels),
  ]);
  for (const { releaseId, artifact } of expired) {
    // Nobody can ask for it any more once it is forgotten: somebody may do so at this moment.
    if (!(await history.forget(releaseId))) continue;
    await builder.remove(artifact);
    await context.log(
      "system",
      `Removed ${artifact.kind === "image" ? artifact.tag : artifact.path}: past the kept releases`,
    );
  }
}
