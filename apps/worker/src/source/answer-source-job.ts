import {
  type CommitsJob,
  type CommitsResult,
  GitRef,
  type SourceCheckJob,
  SourceJob,
  toDomainError,
} from "@windlass/domain";
import { createRedactor, type EffectContext, inspectSource, readCommitRange } from "@windlass/engine";
import { readVariables, secretsIn } from "../deployment/load-release.ts";
import { openAccess } from "../deployment/load-request.ts";
import { redactWords } from "../deployment/redact-words.ts";
import type { Worker } from "../wiring.ts";

const LIMIT_MS = 40_000;

/** Answers what the console asks about a source. */
export async function answerSourceJob(worker: Worker, data: unknown): Promise<void> {
  const job = SourceJob.parse(data);
  const signal = AbortSignal.any([worker.shutdown, AbortSignal.timeout(LIMIT_MS)]);
  const context = { signal, log: () => {} };
  const result =
    job.kind === "check" ? await checkSource(worker, job, context) : await readCommits(worker, job, context);
  await worker.db.sourceCheck.updateMany({ where: { id: job.checkId }, data: { result } });
}

function checkSource({ cipher, source }: Worker, job: SourceCheckJob, context: EffectContext) {
  const open = (sealed: string | null, purpose: string) =>
    sealed === null ? null : cipher.decrypt(Buffer.from(sealed, "base64"), purpose);
  const access = {
    source: job.source,
    repositoryToken: open(job.repositoryToken, "repositoryToken"),
    deployKey: open(job.deployKey, "deployKey"),
    sshHostKeys: job.sshHostKeys,
  };
  return inspectSource({ source }, access, job.ref === "" ? "" : GitRef.parse(job.ref), context);
}

async function readCommits(
  worker: Worker,
  { environmentId, ref }: CommitsJob,
  context: EffectContext,
): Promise<CommitsResult> {
  const { app, currentRelease } = await worker.db.environment.findUniqueOrThrow({
    where: { id: environmentId },
    include: { app: true, currentRelease: true },
  });
  try {
    const access = openAccess(worker, app);
    const secrets = [access.repositoryToken, access.deployKey].filter((secret) => secret !== null);
    const redact = createRedactor([...secrets, ...secretsIn(await readVariables(worker, environmentId))]);
    const resolved = await worker.source.resolve(access, ref, context);
    const fromCommit = currentRelease?.commitSha ?? null;
    const range = await readCommitRange(worker.source, access, fromCommit, resolved, context);
    return { ok: true, ...redactWords(range, redact) };
  } catch (thrown) {
    const { code, message } = toDomainError(thrown);
    return { ok: false, code, message };
  }
}
