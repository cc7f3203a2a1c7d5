import { type Artifact, diffConfig, diffNames } from "@windlass/domain";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Whether what starts is what serves now: the same image with the same settings and variables. How many of it run does not matter. */
export function isLiveAgain({ live, config, variableDigests }: ReleaseRequest, artifact: Artifact): boolean {
  if (live?.artifact.kind !== "image" || artifact.kind !== "image") return false;
  const { instances } = config;
  const variables = diffNames(live.variableDigests, variableDigests);
  return (
    live.artifact.imageId === artifact.imageId &&
    diffConfig({ ...live.config, instances }, config).length === 0 &&
    Object.values(variables).every((names) => names.length === 0)
  );
}
