import type { EffectContext, EnginePorts } from "../ports.ts";
import type { RemoveRequest } from "./deploy-request.ts";

/** Removes every image or release folder that was built for the environment. */
export async function removeArtifacts(
  { everywhere }: EnginePorts,
  { labels }: RemoveRequest,
  context: EffectContext,
): Promise<void> {
  for (const { builder } of everywhere) {
    for (const { artifact } of await builder.listOwned(labels.environmentId)) {
      await builder.remove(artifact);
      await context.log("system", `Removed ${artifact.kind === "image" ? artifact.tag : artifact.path}`);
    }
  }
}

/** Removes what is left beside the rows: networks and folders, fetched sources, host names in the router. */
export async function removeRemains(
  { everywhere, workspace, source, router }: EnginePorts,
  { labels, fencingToken: token, hosts, deploymentIds, unusedSource }: RemoveRequest,
  context: EffectContext,
): Promise<void> {
  for (const { runtime } of everywhere) await runtime.removeEnvironment(labels.environmentId);
  for (const id of deploymentIds) await workspace.remove(id);
  if (unusedSource) await source.forget(unusedSource);
  await router.remove({ service: labels.environmentId, token });
  await context.log(
    "system",
    `Removed the environment's network and folders, and ${hosts.join(", ") || "no host name"}`,
  );
}
