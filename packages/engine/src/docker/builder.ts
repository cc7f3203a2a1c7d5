import { createHash } from "node:crypto";
import { type Artifact, DomainError, type FailureCause, failed, type ImageRef } from "@windlass/domain";
import type Dockerode from "dockerode";
import { explainBuild } from "../build/explain-build.ts";
import { isTakenOver } from "../pipeline/is-taken-over.ts";
import type { BuildRequest, EffectContext, ImageBuilder, OwnerLabels } from "../ports.ts";
import { BUILD_LIMIT_MS, buildTookTooLong } from "../programs/build-limit.ts";
import { awaitBuildGone, type BuildPlace, removeLeftBuild } from "./await-build-gone.ts";
import { BuildOutput, progressMessages } from "./build-output.ts";
import { cancelled, connectionLost, engineError, engineMessage, isMissing, requestSignal, statusOf } from "./errors.ts";
import { findInstruction } from "./find-instruction.ts";
import { unlabelledLine } from "./label-stages.ts";
import { BUILT_BY_LABEL, buildPurpose, imagePrefix, imageTag, releaseOfTag } from "./names.ts";
import { ensureNetwork, type NetworkOptions } from "./network.ts";
import { type BuildPlan, planBuild } from "./plan-build.ts";
import { pullImage, unavailable } from "./pull-image.ts";
import { requireEngine } from "./require-engine.ts";

export interface BuilderOptions extends NetworkOptions {
  /** Limit of each build command, in MB; none by default */
  buildMemoryMb?: number | undefined;
  /** After which a build is given up: one that hangs would keep its worker's place for ever */
  buildLimitMs?: number | undefined;
}

/** A quarter of what an app has (1024): while processors are short, apps go first. */
const BUILD_CPU_SHARES = 256;

/** Nothing that is secret is given to a build: its arguments and layers stay readable in the image. */
export class DockerBuilder implements ImageBuilder {
  readonly #engine: Dockerode;
  readonly #options: BuilderOptions;

  constructor(options: BuilderOptions) {
    this.#engine = options.engine;
    this.#options = options;
  }

  async build(request: BuildRequest, context: EffectContext): Promise<Artifact> {
    const tag = imageTag(request.labels);
    if (context.signal.aborted) throw cancelled();
    const present = await this.#findImage(tag);
    if (present !== undefined) {
      await context.log("system", "This release's image is on the server already.");
      return { kind: "image", imageId: present, tag, origin: originOf(request), bytes: await this.#sizeOf(present) };
    }
    if (request.image !== null) {
      const imageId = await this.#pull(request.image, tag, context);
      return { kind: "image", imageId, tag, origin: request.image, bytes: await this.#sizeOf(imageId) };
    }
    for (let attempt = 1; ; attempt++) {
      const place = this.#preparePlace(tag, request.labels.teamId);
      place.catch(() => {});
      const plan = await planBuild(request, context);
      try {
        const imageId = await this.#run(plan, tag, place, context);
        return { kind: "image", imageId, tag, origin: plan.origin, bytes: await this.#sizeOf(imageId) };
      } catch (error) {
        if (!(error instanceof LayerGone) || attempt === BUILD_ATTEMPTS) throw error;
        await context.log(
          "system",
          "A layer that was taken from the cache went with another release meanwhile: the build begins again",
        );
      }
    }
  }

  /** Of its layers down to one that has a name of its own, as a base image has. */
  async #sizeOf(imageId: string): Promise<number> {
    const prefix = imagePrefix(this.#options.owner);
    const layers = await this.#historyOf(imageId);
    const isNamed = ({ Tags }: { Tags: string[] | null }) => Tags?.some((tag) => !tag.startsWith(prefix)) === true;
    const base = layers.findIndex((layer, index) => index > 0 && isNamed(layer));
    return layers.slice(0, base === -1 ? undefined : base).reduce((sum, { Size }) => sum + Size, 0);
  }

  /** By another name: the engine keeps the image while one is left. */
  async reuse(artifact: Artifact, labels: OwnerLabels): Promise<Artifact | null> {
    if (artifact.kind !== "image" || (await this.#findImage(artifact.tag)) !== artifact.imageId) return null;
    const tag = imageTag(labels);
    await this.#tag(artifact.imageId, tag, artifact.tag);
    return { ...artifact, tag };
  }

  async inspect(artifact: Artifact): Promise<{ exists: boolean }> {
    if (artifact.kind !== "image") return { exists: false };
    return { exists: (await this.#findImage(artifact.tag)) === artifact.imageId };
  }

  /** Takes the release's own name away; the engine deletes the image with its last name, unless a container has it. */
  async remove(artifact: Artifact): Promise<void> {
    if (artifact.kind !== "image" || !artifact.tag.startsWith(imagePrefix(this.#options.owner))) return;
    try {
      await this.#engine.getImage(artifact.tag).remove();
    } catch (error) {
      // 409: a container has it.
      if (isMissing(error) || statusOf(error) === 409) return;
      throw engineError(error, "runtime_unavailable", `removing the image ${artifact.tag}`);
    }
  }

  async listOwned(environmentId: string): Promise<{ releaseId: string; artifact: Artifact }[]> {
    const { owner } = this.#options;
    try {
      const images = await this.#engine.listImages({ filters: { reference: [`${imagePrefix(owner)}*`] } });
      return images.flatMap(({ Id: imageId, RepoTags }) =>
        (RepoTags ?? []).flatMap((tag) => {
          const releaseId = releaseOfTag(tag, owner, environmentId);
          return releaseId === undefined ? [] : [{ releaseId, artifact: { kind: "image", imageId, tag, origin: "" } }];
        }),
      );
    } catch (error) {
      throw engineError(error, "runtime_unavailable", "listing the built images");
    }
  }

  async #historyOf(imageId: string): Promise<{ Size: number; Tags: string[] | null }[]> {
    try {
      return await this.#engine.getImage(imageId).history();
    } catch (error) {
      throw engineError(error, "runtime_unavailable", "measuring the release's image");
    }
  }

  async #pull(image: ImageRef, tag: string, context: EffectContext): Promise<string> {
    const imageId = await pullImage(this.#engine, image, context);
    await context.log("system", `${image} is ${imageId}`);
    if (context.signal.aborted) throw cancelled();
    await this.#tag(imageId, tag, image);
    return imageId;
  }

  async #tag(imageId: string, tag: string, shown: string): Promise<void> {
    const colon = tag.lastIndexOf(":");
    try {
      await this.#engine.getImage(imageId).tag({ repo: tag.slice(0, colon), tag: tag.slice(colon + 1) });
    } catch (error) {
      throw engineError(error, "image_unavailable", `keeping the image ${shown}`);
    }
  }

  /**
   * Commands of a build are a stranger's code as much as the app is: they get a bridge that the host's rule knows, and that no
   * other team's builds are on.
   */
  async #preparePlace(tag: string, teamId: string): Promise<BuildPlace> {
    const host = `windlass-build-${createHash("sha256").update(tag).digest("hex").slice(0, 20)}`;
    const network = await ensureNetwork(this.#options, buildPurpose(teamId));
    const place = { network: network.name, host };
    await removeLeftBuild(this.#engine, place);
    return place;
  }

  async #run(plan: BuildPlan, tag: string, preparing: Promise<BuildPlace>, context: EffectContext): Promise<string> {
    const output = new BuildOutput();
    let place: BuildPlace | undefined;
    // Nobody else hears of a file that cannot be read: the request would wait for the rest for ever.
    const upload = new AbortController();
    plan.context.once("error", (error: Error) => upload.abort(error));
    const limitMs = this.#options.buildLimitMs ?? BUILD_LIMIT_MS;
    const limit = AbortSignal.timeout(limitMs);
    const memory = this.#options.buildMemoryMb && this.#options.buildMemoryMb * 1024 * 1024;
    try {
      place = await preparing;
      const stream = await this.#engine.buildImage(plan.context as unknown as NodeJS.ReadableStream, {
        t: tag,
        dockerfile: plan.dockerfile,
        target: plan.target,
        buildargs: plan.args,
        nocache: plan.nocache,
        networkmode: place.network,
        forcerm: true,
        // A command's container has neither name nor label of ours: this tells whose it is.
        extrahosts: `${place.host}:127.0.0.1`,
        cpushares: BUILD_CPU_SHARES,
        ...(memory ? { memory, memswap: memory } : {}),
        abortSignal: requestSignal(AbortSignal.any([context.signal, upload.signal, limit])),
      });
      for await (const message of progressMessages(stream)) {
        for (const line of output.read(message)) await context.log(line.stream, line.text);
        if (message.error !== undefined) throw new BuildStopped(message.error, message.errorDetail?.code);
      }
      for (const line of output.end()) await context.log(line.stream, line.text);
      if (context.signal.aborted) throw cancelled();
      // A stream that was cut looks like one that ended.
      if (output.imageId === undefined) throw connectionLost("the engine ended the build without an image");
      return output.imageId;
    } catch (error) {
      if (isTakenOver(context.signal)) throw cancelled(error);
      if (place && (context.signal.aborted || limit.aborted)) await awaitBuildGone(this.#engine, place);
      if (context.signal.aborted) {
        await this.#engine
          .getImage(tag)
          .remove()
          .catch(() => {});
        throw cancelled(error);
      }
      for (const line of output.end()) await context.log(line.stream, line.text);
      if (limit.aborted) throw buildTookTooLong(limitMs, { evidence: output.tail, cause: error });
      await requireEngine(this.#engine, "building the image");
      if (error instanceof BuildStopped && LAYER_IS_GONE.test(error.message)) throw new LayerGone(error);
      throw buildError(upload.signal.reason ?? error, output, plan, this.#options.owner);
    } finally {
      plan.context.destroy();
    }
  }

  async #findImage(tag: string): Promise<string | undefined> {
    try {
      return (await this.#engine.getImage(tag).inspect()).Id;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw engineError(error, "runtime_unavailable", "looking at the release's image");
    }
  }
}

/** A build that the engine ended, as it told in its stream. */
class BuildStopped extends Error {
  readonly exitCode: number | undefined;

  constructor(message: string, exitCode: number | undefined) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** As the engine tells that what a step was to stand on was removed: an image takes those with it that only it stood on. */
const LAYER_IS_GONE = /unknown parent image ID|layer does not exist|No such image: sha256:/;
const BUILD_ATTEMPTS = 3;

class LayerGone extends DomainError {
  constructor(cause: Error) {
    const message =
      "Layers that this build took from the cache were removed with other releases meanwhile. Deploy again.";
    super("build_failed", message, { fault: "server", retryable: true, evidence: [cause.message], cause });
  }
}

const originOf = ({ build, image }: BuildRequest): string =>
  image ?? (build.kind === "dockerfile" ? build.dockerfile : build.kind);

function buildError(error: unknown, { step, tail }: BuildOutput, plan: BuildPlan, owner: string): DomainError {
  if (!(error instanceof BuildStopped)) {
    // 400: the Dockerfile cannot be read, or names a stage that is not there.
    if (statusOf(error) !== 400) return engineError(error, "build_failed", "building the image");
    const message = engineMessage(error);
    const failure: FailureCause = {
      code: "build_file_refused",
      sentence: `${plan.origin} cannot be built: ${message}.`,
      remedy: "Correct it and deploy again.",
      place: "app",
      field: null,
    };
    return failed("build_failed", failure, { evidence: [message], cause: error });
  }
  const { message, exitCode } = error;
  if (/no space left on device/i.test(message)) return engineError(error, "disk_full", "building the image");
  if (step === undefined) {
    return new DomainError("build_failed", `The build did not begin: ${message}.`, {
      fault: "server",
      evidence: [message],
      cause: error,
    });
  }
  const found = findInstruction(plan.text, step.number, step.instruction);
  const line = found && unlabelledLine(plan.text, found.line, BUILT_BY_LABEL, owner);
  const place = line ? `line ${line} of ${plan.origin}` : `step ${step.number} of ${step.of}`;
  const where = `${place}, "${step.instruction}"`;
  const base = /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(step.instruction)?.[1] ?? /--from=(\S+)/i.exec(step.instruction)?.[1];
  if (
    exitCode === undefined &&
    base !== undefined &&
    /pull|manifest|repository|registry|dial tcp|denied|not found/i.test(message)
  ) {
    return unavailable(base, message, error);
  }
  const lines = tail.length > 0 ? tail : [message];
  const refused = exitCode === undefined ? message : undefined;
  return explainBuild({ where, exitCode: exitCode ?? null, message: refused, lines }, error);
}
