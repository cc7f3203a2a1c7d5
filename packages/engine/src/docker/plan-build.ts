import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildConfig, DomainError } from "@windlass/domain";
import type { Pack } from "tar-fs";
import type { BuildRequest, EffectContext } from "../ports.ts";
import { detectBuild } from "../presets/detect-build.ts";
import { generateDockerfile } from "../presets/generate-dockerfile.ts";
import { type BuildContext, openContext, packContext, readContext } from "./build-context.ts";
import { labelStages } from "./label-stages.ts";
import { BUILT_BY_LABEL } from "./names.ts";
import { refuseForeignBases } from "./refuse-foreign-images.ts";

/** What the engine is asked to build. */
export interface BuildPlan {
  context: Pack;
  /** Path in the context */
  dockerfile: string;
  /** What stands in it */
  text: string;
  target?: string | undefined;
  args?: Record<string, string>;
  /** Nothing is taken from the engine's cache */
  nocache: boolean;
  /** What it is built with, for people */
  origin: string;
}

const GENERATED = ".windlass/Dockerfile";
const LABELLED = ".windlass-Dockerfile";
/** The engine takes both out of the context once it has read them. */
const IGNORE_OURS = `${LABELLED}\n.dockerignore\n`;

/**
 * Decides how a source is built; what was not configured is detected and told in the log. All that is built is labelled
 * with its owner. Rejects with build_failed, source_refused.
 */
export async function planBuild(
  { build, sourceFolder, isFromStart: nocache, labels: { owner } }: BuildRequest,
  context: EffectContext,
): Promise<BuildPlan> {
  if (sourceFolder === null)
    throw new DomainError("build_failed", "There is no source to build.", { fault: "platform" });
  const chosen = build.kind === "auto" ? await detect(sourceFolder, build.context, context) : build;
  switch (chosen.kind) {
    case "dockerfile": {
      const { dockerfile, target, args } = chosen;
      const opened = await openContext(sourceFolder, chosen.context, dockerfile);
      const text = await readFile(join(opened.folder, dockerfile), "utf8");
      refuseForeignBases(text, args);
      const labelled = labelStages(text, BUILT_BY_LABEL, owner);
      const packed = packContext(opened, { [LABELLED]: labelled, ".dockerignore": IGNORE_OURS });
      return { context: packed, dockerfile: LABELLED, text: labelled, target, args, nocache, origin: dockerfile };
    }
    case "node":
    case "static":
      return {
        ...(await planPreset(chosen, await openContext(sourceFolder, chosen.context), owner, context)),
        nocache,
      };
    default:
      throw new DomainError(
        "build_failed",
        "The environment is set to deploy an image, and the app's source is a repository. Choose how it is built in the environment's settings.",
      );
  }
}

async function detect(sourceFolder: string, path: string, { log }: EffectContext): Promise<BuildConfig> {
  const source = await readContext(await openContext(sourceFolder, path), ["Dockerfile", "package.json"]);
  const detected = detectBuild(source);
  if ("problem" in detected) throw new DomainError("build_failed", detected.problem);
  await log("system", detected.why);
  return { ...detected.build, context: path } as BuildConfig;
}

async function planPreset(
  build: BuildConfig,
  opened: BuildContext,
  owner: string,
  { log }: EffectContext,
): Promise<Omit<BuildPlan, "nocache">> {
  const { dockerfile, extraFiles } = generateDockerfile(build, await readContext(opened, ["package.json"]));
  await log("system", `Building with the ${build.kind} preset's Dockerfile`);
  const text = labelStages(dockerfile, BUILT_BY_LABEL, owner);
  const packed = packContext(opened, { ...extraFiles, [GENERATED]: text });
  return { context: packed, dockerfile: GENERATED, text, origin: `the ${build.kind} preset` };
}
