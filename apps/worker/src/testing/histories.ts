/** Random histories and what happens to workers meanwhile, for tests on fake and on real ports. */
export { connectionName, judgeHistories, recordHistory } from "./judge-history.ts";
export type { NumberedCommit } from "./numbered-commits.ts";
export { createRandom, type Random } from "./random.ts";
export { tellHistory } from "./tell-history.ts";
export { type MortalWorker, upsetWorkers } from "./upset-workers.ts";
