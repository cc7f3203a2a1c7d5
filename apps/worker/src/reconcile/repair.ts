import { stripVTControlCharacters } from "node:util";
import { DomainError, MOST_TRIES, pauseBeforeTryMs, toDomainError } from "@windlass/domain";
import { createRedactor } from "@windlass/engine";
import { openVariables, secretsIn } from "../deployment/load-release.ts";
import { saveStopped } from "../deployment/release-history.ts";
import { fenceEffects } from "../lease/fence-effects.ts";
import type { Lease } from "../lease/lease.ts";
import type { Worker } from "../wiring.ts";
import type { Difference } from "./find-differences.ts";
import { endFinding, holdFinding, type Noted } from "./note-findings.ts";
import { restoreLive } from "./restore-live.ts";

const STOP_SECONDS = 10;
const EVIDENCE_LINES = 20;

/** What only a person can set right, with the advice; everything else is tried. */
const ADVICE: Partial<Record<Difference["kind"], { state: "needs_you" | "noted"; advice: string }>> = {
  crash_loop: {
    state: "needs_you",
    advice: "The live release keeps ending. Its last lines say more. Roll back, or correct it and deploy again.",
  },
  stranger: {
    state: "noted",
    advice: "Windlass leaves it alone. If it is not yours, remove it: it can reach the app.",
  },
};

/** Tries once to set a difference right, and writes down how that went. Never rejects but for a lost lease. */
export async function repair(worker: Worker, lease: Lease, { row, difference }: Noted): Promise<void> {
  const told = ADVICE[difference.kind];
  if (told) {
    if (row.state === told.state) return;
    const evidence = difference.kind === "crash_loop" ? await lastLines(worker, difference) : [];
    const change = { outcome: told.advice, evidence, nextTryAt: row.nextTryAt };
    return lease.write((tx) => holdFinding(tx, row, told.state, change));
  }
  const tries = row.tries + 1;
  await lease.write((tx) => tx.finding.update({ where: { id: row.id }, data: { tries } }));
  try {
    const outcome = await setRight(worker, lease, difference);
    await lease.write((tx) => endFinding(tx, row, "repaired", outcome));
    worker.log.info({ environmentId: row.environmentId, kind: row.kind, subject: row.subject }, "repaired");
  } catch (thrown) {
    const error = toDomainError(thrown);
    if (error.code === "lease_lost" || lease.lost.aborted) throw thrown;
    worker.log.warn({ err: thrown, environmentId: row.environmentId, kind: row.kind }, "could not be repaired");
    const isGivenUp = tries >= MOST_TRIES || (!error.retryable && error.fault === "user");
    const pauseMs = pauseBeforeTryMs(tries);
    const change = {
      outcome: `Tried ${tries === 1 ? "once" : `${tries} times`}: ${error.message}`,
      evidence: [...error.evidence, ...(isGivenUp ? await lastLines(worker, difference) : [])],
      nextTryAt: new Date(Date.now() + pauseMs),
    };
    await lease.write((tx) => holdFinding(tx, row, isGivenUp ? "needs_you" : "repairing", change));
  }
}

/** Returns what was done, in a sentence. */
async function setRight(worker: Worker, lease: Lease, difference: Difference): Promise<string> {
  const { kind, subject, releaseId } = difference;
  const found = worker.runtimeOf(difference.runtime);
  if ("problem" in found) throw new DomainError("runtime_unavailable", found.problem, { retryable: true });
  const { runtime, builder } = fenceEffects(found, lease);
  switch (kind) {
    case "instance_down":
    case "runtime_unavailable":
      await restoreLive(worker, lease);
      return "The live release was started again.";
    case "instance_unreachable":
      await runtime.stop(subject, STOP_SECONDS);
      await restoreLive(worker, lease);
      return "It was started anew, on the environment's network.";
    case "address_moved":
    case "route_lost":
      await restoreLive(worker, lease);
      return "The router was told again where the live release is.";
    case "instance_gone":
      await lease.write((tx) => saveStopped(tx, subject));
      return "It was written down as stopped. A rollback to it starts it again.";
    case "instance_left":
      await runtime.stop(subject, STOP_SECONDS);
      await runtime.removeEnvironment(lease.environmentId);
      await lease.write((tx) => saveStopped(tx, subject));
      return "It was stopped and removed.";
    case "artifact_left":
      if (difference.artifact) await builder.remove(difference.artifact);
      return "It was removed.";
    case "artifact_missing":
      return forgetArtifact(lease, releaseId ?? "", subject);
    case "crash_loop":
    case "stranger":
      throw new Error(`A ${kind} is told, not repaired.`);
  }
}

async function forgetArtifact(lease: Lease, releaseId: string, subject: string): Promise<string> {
  await lease.write(async (tx) => {
    const isLive = await tx.environment.findFirst({ where: { currentReleaseId: releaseId } });
    if (isLive) {
      throw new DomainError(
        "image_unavailable",
        `The live release runs, but could not be started again: ${subject} is gone. Deploy again to build it anew.`,
      );
    }
    await tx.release.update({ where: { id: releaseId }, data: { removedAt: new Date() } });
  });
  return "The release is no longer offered for a rollback.";
}

/** What the app said last, without its secrets. */
async function lastLines(worker: Worker, { subject, releaseId, runtime }: Difference): Promise<string[]> {
  const adapters = worker.runtimeOf(runtime);
  if (!releaseId || "problem" in adapters) return [];
  const release = await worker.db.release.findUnique({ where: { id: releaseId } });
  if (!release) return [];
  const redact = createRedactor(secretsIn(openVariables(worker, release.variables)));
  const lines = await adapters.runtime.logs(subject, EVIDENCE_LINES).catch(() => []);
  return lines.length > 0
    ? ["The app's last lines:", ...lines.map((line) => redact(stripVTControlCharacters(line)))]
    : [];
}
