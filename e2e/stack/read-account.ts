import type { OperationContext } from "@windlass/api/operations";
import type { LogLine } from "@windlass/domain";
import type { StackProcess } from "./stack-process.ts";

const DEPLOYMENTS = 3;
const LINES = 15;
const OUTPUT_CHARS = 3000;

/** What a stack knows of its last deployments, to be read by whoever must understand why a test failed. */
export async function readAccount({ db }: OperationContext, workers: StackProcess[]): Promise<string> {
  const include = {
    steps: { orderBy: { position: "asc" } },
    logChunks: { orderBy: { firstSeq: "desc" }, take: LINES },
  } as const;
  const last = { orderBy: { id: "desc" }, take: DEPLOYMENTS, include } as const;
  const unexpected = await db.deployment.findMany({ ...last, where: { endReason: "unexpected" } });
  const others = await db.deployment.findMany({ ...last, where: { id: { notIn: unexpected.map(({ id }) => id) } } });
  const deployments = [...others, ...unexpected];
  const leases = await db.lease.findMany({
    where: { environmentId: { in: deployments.map(({ environmentId }) => environmentId) } },
  });
  const told = deployments.toReversed().map(({ steps, logChunks, ...deployment }) => {
    const lines = logChunks.toReversed().flatMap((chunk) => chunk.lines as unknown as LogLine[]);
    return [
      `Deployment ${deployment.number} ${deployment.kind} ${deployment.ref}: ${deployment.status} ${deployment.endReason ?? ""}`,
      `  queued ${time(deployment.queuedAt)}, started ${time(deployment.startedAt)}, cancelled ${time(deployment.cancelRequestedAt)}, ended ${time(deployment.endedAt)}`,
      ...(deployment.endDetail ? [`  ${JSON.stringify(deployment.endDetail)}`] : []),
      ...steps.map((s) => `  ${s.name}: ${s.status}, attempt ${s.attempt}, ${time(s.startedAt)} to ${time(s.endedAt)}`),
      ...lines.slice(-LINES).map(({ text }) => `    ${text}`),
    ].join("\n");
  });
  return [
    `What the stack knows, at ${time(new Date())}`,
    ...told,
    ...leases.map(
      (lease) => `Lease ${JSON.stringify(lease, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`,
    ),
    ...workers.map(
      ({ name, isRunning, output }) => `${name}, ${isRunning ? "running" : "ended"}: ${output.slice(-OUTPUT_CHARS)}`,
    ),
  ].join("\n");
}

const time = (at: Date | null): string => at?.toISOString().slice(11, 23) ?? "never";
