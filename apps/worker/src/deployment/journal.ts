import { Prisma, type Transaction } from "@windlass/db";
import { type DEPLOY_STEPS, DomainError, type FailureCause } from "@windlass/domain";
import type { DeploymentFacts, Journal, Redactor } from "@windlass/engine";
import type { Lease } from "../lease/lease.ts";
import type { LogWriter } from "./log-writer.ts";

/** What these steps made may be gone, or changed, when another worker comes: until the commit it makes sure of them. */
const DONE_AGAIN: readonly string[] = ["start release", "await healthy", "switch traffic"] satisfies Step[];
type Step = (typeof DEPLOY_STEPS)[number];

/** The engine's journal over the step rows, every write under the lease. */
export function createJournal(
  lease: Lease,
  deployment: { id: string; isTakenOver: boolean; isCommitted: boolean },
  log: LogWriter,
  redact: Redactor,
): Journal {
  const deploymentId = deployment.id;
  // A step whose row was lost with the database's machine runs again, which it may.
  const write: Lease["write"] = (work) => lease.write(work, { isDurable: false });
  const again = new Set(deployment.isTakenOver && !deployment.isCommitted ? DONE_AGAIN : []);
  return {
    openStep(name) {
      return write(async (tx) => {
        const row = await tx.step.findUnique({ where: { deploymentId_name: { deploymentId, name } } });
        const isAgain = again.delete(name) && !(await isBeingUndone(tx, deploymentId));
        if (row?.status === "succeeded" && !isAgain) return { state: "succeeded", result: row.result ?? undefined };
        if (row && row.status !== "running" && row.status !== "succeeded")
          return { state: "failed", error: storedError(row) };
        if (row) {
          const reopened = {
            status: "running",
            attempt: { increment: 1 },
            startedAt: new Date(),
            endedAt: null,
          } as const;
          await tx.step.update({ where: { deploymentId_name: { deploymentId, name } }, data: reopened });
        } else {
          const position = await tx.step.count({ where: { deploymentId } });
          await tx.step.create({ data: { deploymentId, name, position, status: "running", startedAt: new Date() } });
        }
        return { state: "open" };
      });
    },

    async closeStep(name, outcome) {
      // A step that is over has all its lines stored.
      await log.flush();
      const result = outcome.status === "succeeded" ? outcome.result : storeError(outcome.error, redact);
      const data = {
        status: outcome.status,
        endedAt: new Date(),
        result: result === undefined || result === null ? Prisma.JsonNull : (result as Prisma.InputJsonValue),
        error: outcome.status === "succeeded" ? null : redact(outcome.error.message),
      };
      await write((tx) => tx.step.update({ where: { deploymentId_name: { deploymentId, name } }, data }));
    },

    log: (step, stream, text) => log.write(step, stream, text),
  };
}

/** What was taken back already must not be made again. */
async function isBeingUndone(tx: Transaction, deploymentId: string): Promise<boolean> {
  const isUndo: Prisma.StepWhereInput[] = [
    { status: { in: ["failed", "cancelled"] } },
    { name: { startsWith: "undo: " } },
  ];
  return (await tx.step.count({ where: { deploymentId, OR: isUndo } })) > 0;
}

/** The engine's facts over the deployment's columns. */
export function createRecorder(lease: Lease, deploymentId: string): (facts: DeploymentFacts) => Promise<void> {
  return async ({ commit, plan, proof }) => {
    const commitColumns = commit && {
      commitSha: commit.sha,
      commitMessage: commit.message,
      commitAuthor: commit.author,
      committedAt: new Date(commit.committedAt),
    };
    await lease.write((tx) =>
      tx.deployment.update({ where: { id: deploymentId }, data: { ...commitColumns, plan, proof } }),
    );
  };
}

/** The evidence has the app's own lines in it. */
const storeError = ({ code, message, evidence, fault, failure }: DomainError, redact: Redactor) => ({
  code,
  message: redact(message),
  evidence: evidence.map(redact),
  fault,
  ...(failure ? { failure: redactCause(failure, redact) } : {}),
});

/** The app's own words may be in a cause too: a host name, a path. */
export const redactCause = (cause: FailureCause, redact: Redactor): FailureCause => ({
  ...cause,
  sentence: redact(cause.sentence),
  remedy: redact(cause.remedy),
});

function storedError(row: { result: unknown; error: string | null }): DomainError {
  const stored = row.result as ReturnType<typeof storeError>;
  const { code, message, ...detail } = stored;
  return new DomainError(code, message, detail);
}
