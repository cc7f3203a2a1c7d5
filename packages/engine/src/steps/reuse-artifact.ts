import { createHash } from "node:crypto";
import type { Artifact, BuildConfig } from "@windlass/domain";
import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";

/** Rises when the same files are built otherwise: a preset's Dockerfile, or what is detected, has changed. */
const BUILD_VERSION = 2;

/**
 * Names what a build depends on; null for an image. The commit is no part of it, only the files in the build's folder: no
 * build sees others, or the history. Nor are variables: no build is given them.
 */
export function builtFrom(resolved: ResolvedSource, build: BuildConfig): string | null {
  // A worker before that knew of no trees may have resolved it.
  if (resolved.kind === "image" || !resolved.tree) return null;
  const parts = JSON.stringify([BUILD_VERSION, resolved.tree, build]);
  return createHash("sha256").update(parts).digest("hex");
}

/** What an earlier release of this environment was built to from the same files and settings, for this one. */
export async function reuseArtifact(
  { builder, history }: EnginePorts,
  { labels, config, rebuild }: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<Artifact | null> {
  if (rebuild) {
    await context.log("system", "Built from scratch, as was asked for: nothing of an earlier build is taken");
    return null;
  }
  const key = builtFrom(resolved, config.build);
  const before = key === null ? null : await history.findBuilt(key);
  const again = before && (await builder.reuse(before.artifact, labels));
  if (!again) return null;
  await context.log(
    "system",
    `Release ${before.number} was built from the same files and build settings: nothing is built again`,
  );
  return again;
}
