import { writeAudit } from "@windlass/api/operations";
import type { Prisma, Transaction } from "@windlass/db";
import { type FindingKind, type FindingState, MOST_TRIES, pauseBeforeTryMs } from "@windlass/domain";
import type { Difference } from "./find-differences.ts";

/** Back within this time it is the same trouble, and counts its tries on. */
const SAME_TROUBLE_MS = 10 * 60_000;
const KEPT_DAYS = 30;

/** What is removed waits: the engine may still finish what a dead worker asked for, and another worker see it just now. */
const GRACE_MS: Partial<Record<FindingKind, number>> = { instance_left: 5000, artifact_left: 5000 };

const SYSTEM = { kind: "system", id: null, name: "Windlass" } as const;

type FindingRow = Prisma.FindingGetPayload<Record<never, never>>;

/** A difference with the row that tells of it. */
export interface Noted {
  row: FindingRow;
  difference: Difference;
}

/** Brings the rows in line with what was seen: new ones, ones that came back, ones that are over. Returns those that last. */
export async function noteFindings(
  tx: Transaction,
  environment: { id: string; teamId: string },
  differences: readonly Difference[],
): Promise<Noted[]> {
  const now = new Date();
  const { id: environmentId, teamId } = environment;
  const rows = await tx.finding.findMany({
    where: {
      environmentId,
      OR: [{ endedAt: null }, { state: "repaired", endedAt: { gt: new Date(now.getTime() - SAME_TROUBLE_MS) } }],
    },
    orderBy: { id: "desc" },
  });
  const noted: Noted[] = [];
  for (const difference of differences) {
    const { kind, subject, seen } = difference;
    if (noted.some(({ row }) => row.kind === kind && row.subject === subject)) continue;
    const known = rows.find((row) => row.kind === kind && row.subject === subject);
    if (!known) {
      const nextTryAt = new Date(now.getTime() + (GRACE_MS[kind] ?? 0));
      const data = { environmentId, teamId, kind, subject, seen, state: "repairing", nextTryAt } as const;
      noted.push({ difference, row: await tx.finding.create({ data }) });
    } else if (known.endedAt) {
      const state: FindingState = known.tries >= MOST_TRIES ? "needs_you" : "repairing";
      const nextTryAt = new Date(now.getTime() + pauseBeforeTryMs(known.tries));
      const data = { seen, state, endedAt: null, nextTryAt };
      noted.push({ difference, row: await tx.finding.update({ where: { id: known.id }, data }) });
    } else noted.push({ difference, row: known });
  }
  for (const row of rows) {
    if (row.endedAt || noted.some((one) => one.row.id === row.id)) continue;
    const outcome = row.tries > 0 ? "It is as it should be again." : "It was over by itself, or someone else ended it.";
    await endFinding(tx, row, "gone", outcome);
  }
  const long = new Date(now.getTime() - KEPT_DAYS * 24 * 3600_000);
  await tx.finding.deleteMany({ where: { environmentId, endedAt: { lt: long } } });
  return noted;
}

/** Nothing is left to be done about it. */
export async function endFinding(
  tx: Transaction,
  row: FindingRow,
  state: "repaired" | "gone",
  outcome: string,
): Promise<void> {
  await tx.finding.update({ where: { id: row.id }, data: { state, outcome, endedAt: new Date() } });
  if (state === "repaired") await audit(tx, row, "finding.repaired", outcome);
}

/** It goes on; `state` says whose move it is. */
export async function holdFinding(
  tx: Transaction,
  row: FindingRow,
  state: "repairing" | "needs_you" | "noted",
  change: { outcome: string; evidence?: string[]; nextTryAt: Date },
): Promise<void> {
  await tx.finding.update({ where: { id: row.id }, data: { ...change, state } });
  if (state !== row.state && state !== "repairing") await audit(tx, row, `finding.${state}`, change.outcome);
}

const audit = (tx: Transaction, row: FindingRow, action: string, outcome: string): Promise<void> =>
  writeAudit(tx, SYSTEM, {
    teamId: row.teamId,
    action,
    subject: `environment:${row.environmentId}`,
    detail: { kind: row.kind, about: row.subject, seen: row.seen, outcome },
  });
