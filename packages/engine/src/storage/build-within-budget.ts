import type { Artifact, RuntimeKind } from "@windlass/domain";
import type { Disks, ImageBuilder } from "../ports.ts";
import { folderBytes } from "../programs/folder-bytes.ts";
import { requireSpace } from "./require-space.ts";

/**
 * A builder that neither builds nor pulls on a disk that is short. What it will take is known from the source, which it
 * copies, and from the release before.
 */
export function buildWithinBudget(
  builder: ImageBuilder,
  disks: Disks,
  runtime: RuntimeKind,
  before: Artifact | null,
): ImageBuilder {
  return {
    build: async (request, context) => {
      const sourceBytes = request.sourceFolder === null ? 0 : await folderBytes(request.sourceFolder);
      await requireSpace(disks, { [runtime]: sourceBytes + (before?.bytes ?? 0) }, context);
      return { ...(await builder.build(request, context)), sourceBytes };
    },
    reuse: (artifact, labels) => builder.reuse(artifact, labels),
    inspect: (artifact) => builder.inspect(artifact),
    remove: (artifact) => builder.remove(artifact),
    listOwned: (environmentId) => builder.listOwned(environmentId),
  };
}
