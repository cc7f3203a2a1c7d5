import type { EffectContext, EnginePorts, KeptRelease } from "../ports.ts";

/** Removes what releases were made of that are kept no longer. */
export async function removePastKept(
  { history, builder }: Pick<EnginePorts, "history" | "builder">,
  past: readonly KeptRelease[],
  context: EffectContext,
): Promise<void> {
  for (const { releaseId, artifact } of past) {
    // Nobody can ask for it any more once it is forgotten: somebody may do so at this moment.
    if (!(await history.forget(releaseId))) continue;
    await builder.remove(artifact);
    await context.log(
      "system",
      `Removed ${artifact.kind === "image" ? artifact.tag : artifact.path}: past the kept releases`,
    );
  }
}
