import { type Database, Prisma } from "@windlass/db";
import { type DEPLOY_STEPS, DomainError, type FailureCause, lostRequests, type STOP_STEPS } from "@windlass/domain";
import type { DeploymentFacts, Journal, Redactor, StepOutcome } from "@windlass/engine";
import type { LogWriter } from "./log-writer.ts";
import { redactText, redactWords } from "./redact-words.ts";

/** What these steps made may be gone, or changed, when another worker comes: until the commit it makes sure of them. */
const DONE_AGAIN: readonly string[] = [
  "start release",
  "await healthy",
  "switch traffic",
  "close traffic",
] satisfies Step[];
type Step = (typeof DEPLOY_STEPS | typeof STOP_STEPS)[number];

interface StepRow {
  position: number;
  status: string;
  attempt: number;
  startedAt: Date;
  result: unknown;
  error: string | null;
}

/**
 * The engine's journal over the step rows, every write under the lease. A deployment has some ten steps: the end of one is
 * written in one round trip with the beginning of the next, which goes on meanwhile as far as it only reads; an effect
 * waits for it (`fenceEffects`). Nobody else writes these rows meanwhile, so they are read once.
 */
export async function openJournal(
  db: Database,
  deployment: { id: string; isTakenOver: boolean; isCommitted: boolean },
  log: LogWriter,
  redact: Redactor,
): Promise<Journal> {
  const deploymentId = deployment.id;
  const known = deployment.isTakenOver ? await db.step.findMany({ where: { deploymentId } }) : [];
  const rows = new Map<string, StepRow>(known.map((row) => [row.name, row]));
  const again = new Set(deployment.isTakenOver && !deployment.isCommitted ? DONE_AGAIN : []);

  /** The whole row: one whose opening was lost with the database's last moment is made anew. */
  function change(as: "opened" | "closed", name: string, row: StepRow, endedAt: Date | null): Prisma.Sql {
    const json = row.result === undefined || row.result === null ? null : JSON.stringify(row.result);
    rows.set(name, row);
    return Prisma.sql`${Prisma.raw(as)} as (
      insert into "Step" ("deploymentId", "name", "position", "status", "attempt", "startedAt", "endedAt", "result", "error")
      select ${deploymentId}::uuid, ${name}, ${row.position}::int, ${row.status}::"StepStatus", ${row.attempt}::int,
        ${row.startedAt}::timestamptz, ${endedAt}::timestamptz, ${json}::jsonb, ${row.error}::text from held
      on conflict ("deploymentId", "name") do update set "status" = excluded."status", "attempt" = excluded."attempt",
        "startedAt" = excluded."startedAt", "endedAt" = excluded."endedAt", "result" = excluded."result", "error" = excluded."error")`;
  }

  return {
    async openStep(name) {
      const row = rows.get(name);
      const isAgain = again.delete(name) && !isBeingUndone(rows);
      if (row?.status === "succeeded" && !isAgain) return { state: "succeeded", result: row.result ?? undefined };
      if (row?.status === "failed" || row?.status === "cancelled") return { state: "failed", error: storedError(row) };
      const { position, attempt } = row ?? { position: rows.size, attempt: 0 };
      const opened = { position, attempt: attempt + 1, startedAt: new Date(), result: null, error: null };
      // Whoever writes next is told when it could not be stored.
      log.storeWith([change("opened", name, { ...opened, status: "running" }, null)]).catch(() => {});
      return { state: "open" };
    },

    async closeStep(name, outcome) {
      const row = rows.get(name);
      if (!row) throw new Error(`The step ${name} was not opened.`);
      const { status } = outcome;
      const closed = change("closed", name, { ...row, status, ...told(outcome, redact) }, new Date());
      if (status === "succeeded") log.storeLater("closed", closed);
      else await log.storeWith([closed]);
    },

    settle: () => log.flush(),

    log: (step, stream, text) => log.write(step, stream, text),
  };
}

/** What was taken back already must not be made again. */
const isBeingUndone = (rows: ReadonlyMap<string, StepRow>): boolean =>
  [...rows].some(([name, { status }]) => name.startsWith("undo: ") || status === "failed" || status === "cancelled");

/** The engine's facts over the deployment's columns, stored with the journal. */
export function createRecorder(
  log: LogWriter,
  deploymentId: string,
  redact: Redactor,
): (facts: DeploymentFacts) => void {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  return (facts) => {
    const { commit, plan, proof } = redactWords(facts, redact);
    const recorded = Prisma.sql`recorded as (
      update "Deployment" set
        "plan" = coalesce(${json(plan)}::jsonb, "plan"), "proof" = coalesce(${json(proof)}::jsonb, "proof"),
        "lostRequests" = coalesce(${proof ? lostRequests(proof) : null}, "lostRequests"),
        "commitSha" = coalesce(${commit?.sha ?? null}, "commitSha"),
        "commitMessage" = coalesce(${commit?.message ?? null}, "commitMessage"),
        "commitAuthor" = coalesce(${commit?.author ?? null}, "commitAuthor"),
        "committedAt" = coalesce(${commit ? new Date(commit.committedAt) : null}::timestamptz, "committedAt")
      from held where "id" = ${deploymentId}::uuid)`;
    log.storeLater("recorded", recorded);
  };
}

/** The evidence has the app's own lines in it. */
const storeError = ({ code, message, evidence, fault, failure }: DomainError, redact: Redactor) => ({
  code,
  message: redact(message),
  evidence: evidence.map((text) => redactText(text, redact)),
  fault,
  ...(failure ? { failure: redactCause(failure, redact) } : {}),
});

/** The app's own words may be in a cause too: a host name, a path. */
export const redactCause = (cause: FailureCause, redact: Redactor): FailureCause => ({
  ...cause,
  sentence: redact(cause.sentence),
  remedy: redact(cause.remedy),
});

const told = (outcome: StepOutcome, redact: Redactor): Pick<StepRow, "result" | "error"> =>
  outcome.status === "succeeded"
    ? { result: redactWords(outcome.result, redact), error: null }
    : { result: storeError(outcome.error, redact), error: redact(outcome.error.message) };

function storedError(row: { result: unknown }): DomainError {
  const stored = row.result as ReturnType<typeof storeError>;
  const { code, message, ...detail } = stored;
  return new DomainError(code, message, detail);
}
