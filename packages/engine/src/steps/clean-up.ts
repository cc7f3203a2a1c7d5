import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Removes the fetched source, and releases past the kept count. */
export async function cleanUp(
  { workspace, history, builder }: EnginePorts,
  request: ReleaseRequest,
  context: EffectContext,
): Promise<void> {
  await workspace.remove(request.deploymentId);
  for (const { releaseId, artifact } of await history.expired()) {
    await builder.remove(artifact);
    await history.forget(releaseId);
    await context.log(
      "system",
      `Removed ${artifact.kind === "image" ? artifact.tag : artifact.path}: past the kept releases`,
    );
  }
}
