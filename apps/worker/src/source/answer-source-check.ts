import { GitRef, SourceCheckJob } from "@windlass/domain";
import { inspectSource } from "@windlass/engine";
import type { Worker } from "../wiring.ts";

const LIMIT_MS = 40_000;

/** Looks into a source that the console asks about, and writes down what it found. */
export async function answerSourceCheck({ db, cipher, source, shutdown }: Worker, data: unknown): Promise<void> {
  const job = SourceCheckJob.parse(data);
  const open = (sealed: string | null, purpose: string) =>
    sealed === null ? null : cipher.decrypt(Buffer.from(sealed, "base64"), purpose);
  const access = {
    source: job.source,
    repositoryToken: open(job.repositoryToken, "repositoryToken"),
    deployKey: open(job.deployKey, "deployKey"),
    sshHostKeys: job.sshHostKeys,
  };
  const ref = job.ref === "" ? "" : GitRef.parse(job.ref);
  const signal = AbortSignal.any([shutdown, AbortSignal.timeout(LIMIT_MS)]);
  const result = await inspectSource({ source }, access, ref, { signal, log: () => {} });
  await db.sourceCheck.updateMany({ where: { id: job.checkId }, data: { result } });
}
