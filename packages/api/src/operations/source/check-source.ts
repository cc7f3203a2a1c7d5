import { type AppSource, SourceCheckResult } from "@windlass/domain";
import type { OperationContext } from "../operation.ts";
import { askWorker } from "./ask-worker.ts";
import { readDeployKey } from "./deploy-key.ts";

export interface SourceCheckInput {
  source: AppSource;
  ref: string;
  repositoryToken?: string;
  deployKeyId?: string;
  sshHostKeys?: string[];
}

/** Asks a worker to look into a source that is not saved yet. */
export async function checkSource(
  ctx: OperationContext,
  team: { id: string },
  input: SourceCheckInput,
  signal: AbortSignal | undefined,
): Promise<SourceCheckResult> {
  const key = input.deployKeyId ? await readDeployKey(ctx, team.id, input.deployKeyId) : null;
  const token = input.repositoryToken ? ctx.cipher.encrypt(input.repositoryToken, "repositoryToken") : null;
  const base64 = (bytes: Uint8Array | null) => (bytes ? Buffer.from(bytes).toString("base64") : null);
  const question = (checkId: string) => ({
    kind: "check" as const,
    checkId,
    source: input.source,
    ref: input.ref,
    repositoryToken: base64(token),
    deployKey: base64(key?.privateKey ?? null),
    sshHostKeys: input.sshHostKeys ?? [],
  });
  return askWorker(ctx, team.id, question, SourceCheckResult, signal);
}
