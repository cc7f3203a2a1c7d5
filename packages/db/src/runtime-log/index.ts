/** Runtime logs at the speed of their sources: how lines are packed, and the writer of the tables that hold them. */
export { openRuntimeLogStore, type RuntimeLogLease, type RuntimeLogStore } from "./open-runtime-log-store.ts";
export { packLines, splitText, type UnpackedLines, unpackLines } from "./pack-lines.ts";
