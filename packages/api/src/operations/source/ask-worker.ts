import { DomainError, type SourceJob } from "@windlass/domain";
import type { z } from "zod";
import type { OperationContext } from "../operation.ts";

const WAIT_MS = 45_000;
const KEEP_MS = 3600_000;

/** Asks a worker about a source and waits for what it found. Nothing of it is kept for long. */
export async function askWorker<T extends z.ZodType>(
  ctx: OperationContext,
  teamId: string,
  question: (checkId: string) => SourceJob,
  answer: T,
  signal: AbortSignal | undefined,
): Promise<z.output<T>> {
  const check = await ctx.db.$transaction(async (tx) => {
    await tx.sourceCheck.deleteMany({ where: { createdAt: { lt: new Date(Date.now() - KEEP_MS) } } });
    const row = await tx.sourceCheck.create({ data: { teamId } });
    await ctx.queue.askAboutSource(tx, question(row.id));
    return row;
  });
  const stop = AbortSignal.any([AbortSignal.timeout(WAIT_MS), ...(signal ? [signal] : [])]);
  const watch = ctx.live.watch([`check:${check.id}`], stop);
  try {
    while (await watch.next()) {
      const { result } = await ctx.db.sourceCheck.findUniqueOrThrow({ where: { id: check.id } });
      if (result) return answer.parse(result);
    }
  } finally {
    watch.close();
  }
  throw new DomainError(
    "source_unreachable",
    "No worker answered in time. Check that the worker runs, then try again.",
    { fault: "platform", retryable: true },
  );
}
