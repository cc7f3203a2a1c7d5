import { createHash } from "node:crypto";
import type { Artifact, BuildConfig } from "@windlass/domain";
import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";

/** Rises when the same files are built otherwise: a preset's Dockerfile, or what is detected, has changed. */
const BUILD_VERSION = 1;

/** Names what a build depends on; null for an image. Variables are no part of it: no build is given them. */
export function builtFrom(resolved: ResolvedSource, build: BuildConfig): string | null {
  if (resolved.kind === "image") return null;
  const parts = JSON.stringify([BUILD_VERSION, resolved.commit.sha, build]);
  return createHash("sha256").update(parts).digest("hex");
}

/** What an earlier release of this environment was built to from the same commit and settings, for this one. */
export async function reuseArtifact(
  { builder, history }: EnginePorts,
  { labels, config }: DeployRequest,
  resolved: ResolvedSource,
  context: EffectContext,
): Promise<Artifact | null> {
  const key = builtFrom(resolved, config.build);
  const before = key === null ? null : await history.findBuilt(key);
  const again = before && (await builder.reuse(before.artifact, labels));
  if (!again) return null;
  await context.log(
    "system",
    `Release ${before.number} was built from the same commit and build settings: nothing is built again`,
  );
  return again;
}
