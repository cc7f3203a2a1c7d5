import { parentPort } from "node:worker_threads";
import type { RuntimeLogFilter } from "@windlass/domain";
import { matchLines, type StoredChunk } from "./match-lines.ts";

/** Runs searches beside the process's own thread: see match-apart.ts. */
export interface MatchJob {
  chunks: StoredChunk[];
  filter: RuntimeLogFilter;
  range: { after?: number; before?: number };
}

parentPort?.on("message", ({ chunks, filter, range }: MatchJob) => {
  parentPort?.postMessage(matchLines(chunks, filter, range));
});
parentPort?.postMessage("ready");
