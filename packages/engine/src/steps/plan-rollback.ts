import { type Artifact, DomainError, diffConfig, diffNames } from "@windlass/domain";
import type { EffectContext, EnginePorts, ImageBuilder } from "../ports.ts";
import type { RollbackRequest } from "./deploy-request.ts";

/** Checks that the release can still be started, and tells what comes back. */
export async function planRollback(
  { builder, record }: EnginePorts,
  request: RollbackRequest,
  context: EffectContext,
): Promise<void> {
  await requireArtifact(builder, request.artifact);
  record({
    plan: {
      commits: [],
      commitsOmitted: 0,
      fromCommit: request.live?.commitSha ?? null,
      toCommit: request.commitSha,
      isBackwards: true,
      config: diffConfig(request.live?.config ?? null, request.config),
      variables: diffNames(request.live?.variableDigests ?? {}, request.variableDigests),
      commands: { release: null, postDeploy: null },
      zeroDowntime: true,
      zeroDowntimeNote: null,
    },
  });
  await context.log(
    "system",
    `Brings back the release made from ${request.commitSha?.slice(0, 7) ?? request.artifact.origin}.`,
  );
}

/** Rejects when the release cannot be started because what it was made of is gone. */
export async function requireArtifact(builder: ImageBuilder, artifact: Artifact): Promise<void> {
  if ((await builder.inspect(artifact)).exists) return;
  throw new DomainError(
    "image_unavailable",
    "What this release was made of is no longer on the server. Deploy its commit again instead.",
    { evidence: [artifact.kind === "image" ? artifact.tag : artifact.path] },
  );
}
