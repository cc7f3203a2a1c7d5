import { type AppSource, DomainError, SourceCheckResult } from "@windlass/domain";
import type { OperationContext } from "../operation.ts";
import { readDeployKey } from "./deploy-key.ts";

const WAIT_MS = 45_000;
const KEEP_MS = 3600_000;

export interface SourceCheckInput {
  source: AppSource;
  ref: string;
  repositoryToken?: string;
  deployKeyId?: string;
  sshHostKeys?: string[];
}

/** Asks a worker to look into a source and waits for what it found. Nothing of the source is kept. */
export async function checkSource(
  ctx: OperationContext,
  team: { id: string },
  input: SourceCheckInput,
  signal: AbortSignal | undefined,
): Promise<SourceCheckResult> {
  const key = input.deployKeyId ? await readDeployKey(ctx, team.id, input.deployKeyId) : null;
  const token = input.repositoryToken ? ctx.cipher.encrypt(input.repositoryToken, "repositoryToken") : null;
  const base64 = (bytes: Uint8Array | null) => (bytes ? Buffer.from(bytes).toString("base64") : null);
  const check = await ctx.db.$transaction(async (tx) => {
    await tx.sourceCheck.deleteMany({ where: { createdAt: { lt: new Date(Date.now() - KEEP_MS) } } });
    const row = await tx.sourceCheck.create({ data: { teamId: team.id } });
    await ctx.queue.checkSource(tx, {
      checkId: row.id,
      source: input.source,
      ref: input.ref,
      repositoryToken: base64(token),
      deployKey: base64(key?.privateKey ?? null),
      sshHostKeys: input.sshHostKeys ?? [],
    });
    return row;
  });
  const stop = AbortSignal.any([AbortSignal.timeout(WAIT_MS), ...(signal ? [signal] : [])]);
  const watch = ctx.live.watch([`check:${check.id}`], stop);
  try {
    while (await watch.next()) {
      const { result } = await ctx.db.sourceCheck.findUniqueOrThrow({ where: { id: check.id } });
      if (result) return SourceCheckResult.parse(result);
    }
  } finally {
    watch.close();
  }
  throw new DomainError(
    "source_unreachable",
    "No worker answered in time. Check that the worker runs, then try again.",
    {
      fault: "platform",
      retryable: true,
    },
  );
}
