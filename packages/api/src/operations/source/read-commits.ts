import { CommitsResult, type GitRef } from "@windlass/domain";
import type { OperationContext } from "../operation.ts";
import { askWorker } from "./ask-worker.ts";

/** Which commits a deployment would bring: from the live release's to the newest of the branch, or of another ref. */
export function readCommits(
  ctx: OperationContext,
  { id, teamId, branch }: { id: string; teamId: string; branch: string },
  ref: GitRef | undefined,
  signal: AbortSignal | undefined,
): Promise<CommitsResult> {
  const question = (checkId: string) => ({
    kind: "commits" as const,
    checkId,
    environmentId: id,
    ref: ref ?? (branch as GitRef),
  });
  return askWorker(ctx, teamId, question, CommitsResult, signal);
}
