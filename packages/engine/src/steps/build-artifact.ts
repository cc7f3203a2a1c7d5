import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { type Artifact, type BuildConfig, DomainError, type RepoPath } from "@windlass/domain";
import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import { detectBuild } from "../presets/detect-build.ts";
import type { DeployRequest } from "./deploy-request.ts";
import type { Fetched } from "./fetch-source.ts";
import { builtFrom } from "./reuse-artifact.ts";

/** Builds what will be started. Its name follows from the release, so a second run replaces or reuses the first. */
export async function buildArtifact(
  { builder }: EnginePorts,
  request: DeployRequest,
  resolved: ResolvedSource,
  { folder, artifact }: Fetched,
  context: EffectContext,
): Promise<Artifact> {
  if (artifact) return artifact;
  const { build } = request.config;
  const base = { labels: request.labels, command: request.config.command, isFromStart: request.rebuild };
  if (resolved.kind === "image") {
    return builder.build({ ...base, build: { kind: "none" }, sourceFolder: null, image: resolved.image }, context);
  }
  if (folder === null) throw new Error("A git source was fetched without a folder.");
  const decided = build.kind === "auto" ? await detect(folder, build.context, context) : build;
  const built = await builder.build({ ...base, build: decided, sourceFolder: folder, image: null }, context);
  const key = builtFrom(resolved, build);
  return built.kind === "image" && key !== null ? { ...built, builtFrom: key } : built;
}

const LOOKED_AT = ["package.json", "Dockerfile"];

async function detect(folder: string, contextPath: RepoPath, context: EffectContext): Promise<BuildConfig> {
  const root = path.join(folder, contextPath);
  const entries = await readdir(root, { withFileTypes: true }).catch(() => {
    throw new DomainError(
      "build_failed",
      `There is no folder ${contextPath} in this commit. Change the build's folder.`,
      {
        field: "config.build.context",
      },
    );
  });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  const files: Record<string, string> = {};
  for (const entry of entries) {
    if (entry.isFile() && LOOKED_AT.includes(entry.name))
      files[entry.name] = await readFile(path.join(root, entry.name), "utf8");
  }
  const found = detectBuild({ entries: names, files });
  if ("problem" in found) throw new DomainError("build_failed", found.problem, { field: "config.build" });
  await context.log("system", found.why);
  return found.build.kind === "none" ? found.build : { ...found.build, context: contextPath };
}

/** Takes back what this deployment built; nothing when it did not come to that. */
export async function removeArtifact({ builder }: EnginePorts, { labels }: DeployRequest): Promise<void> {
  const owned = await builder.listOwned(labels.environmentId);
  for (const { releaseId, artifact } of owned) if (releaseId === labels.releaseId) await builder.remove(artifact);
}
