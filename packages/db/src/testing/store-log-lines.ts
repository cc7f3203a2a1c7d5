import type { Database } from "../client.ts";
import { packLines } from "../runtime-log/index.ts";

export interface LogLines {
  environmentId: string;
  releaseId: string;
  instance: string;
  firstSeq: number;
  lines: { text: string; at: number; isError?: boolean }[];
}

/** Stores lines of an instance's output as a worker does: a chunk, and the newest line's number. */
export async function storeLogLines(db: Database, stored: LogLines): Promise<void> {
  const { lines, firstSeq, ...ofChunk } = stored;
  const { environmentId } = ofChunk;
  const { data, fromAt, toAt, streams } = packLines({
    text: Buffer.from(lines.map(({ text }) => `${text}\n`).join("")),
    times: Float64Array.from(lines, ({ at }) => at),
    streams: Uint8Array.from(lines, ({ isError }) => (isError ? 2 : 1)),
  });
  const lastSeq = firstSeq + lines.length - 1;
  const times = { fromAt: new Date(fromAt), toAt: new Date(toAt) };
  await db.$transaction([
    db.runtimeLog.upsert({
      where: { environmentId },
      create: { environmentId, holder: "test", fencingToken: 1, expiresAt: new Date(), lastSeq },
      update: { lastSeq },
    }),
    db.runtimeLogChunk.create({
      data: { ...ofChunk, ...times, firstSeq, lastSeq, streams, data: new Uint8Array(data) },
    }),
  ]);
}
