import type { EffectContext, EnginePorts, ResolvedSource } from "../ports.ts";
import type { DeployRequest } from "./deploy-request.ts";

/** Pins the ref to a commit, or the image's name to what will be pulled. */
export async function resolveSource(
  { source }: EnginePorts,
  request: DeployRequest,
  context: EffectContext,
): Promise<ResolvedSource> {
  const from = request.access.source;
  if (from.kind === "image") {
    await context.log("system", `Image ${from.image}`);
    return { kind: "image", image: from.image, imageId: null };
  }
  const { build } = request.config;
  const folder = build.kind === "none" ? "." : build.context;
  const resolved = await source.resolve(request.access, request.ref, context, folder);
  if (resolved.kind === "git") {
    const { sha, message, author } = resolved.commit;
    await context.log(
      "system",
      `${request.ref || "HEAD"} is ${sha.slice(0, 7)} "${message.split("\n")[0]}" by ${author}`,
    );
  }
  return resolved;
}
