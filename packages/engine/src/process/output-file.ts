import { open, rename, rm, stat, writeFile } from "node:fs/promises";
import { z } from "zod";
import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";
import { readJson, writeJson } from "./json-file.ts";

const MAX_BYTES = 16 * 1024 * 1024;
const KEPT_BYTES = 1024 * 1024;

/** The last lines of an instance's output, oldest first, from at most its last megabyte and what was kept before. */
export async function readLastLines(path: string, lines: number): Promise<string[]> {
  const current = await readTail(path);
  const text = current.split("\n").length > lines ? current : (await readTail(keptPath(path))) + current;
  const all = text.split(/\r?\n/);
  if (all.at(-1) === "") all.pop();
  return all.slice(-lines).map((line) => line.slice(0, LONGEST_RAW_LINE));
}

/**
 * Keeps an instance's output from filling the disk: above 16 MB its last megabyte is kept beside and the file emptied.
 * The instance writes in append mode, so emptying it under its hands is safe; lines of that very moment are lost.
 */
export async function boundOutput(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || found.size <= MAX_BYTES) return;
  const before = await readCut(path);
  // Written down by somebody who died before the file was emptied: it counts once.
  const isUnfinished = before !== undefined && found.size >= before.size;
  const beside = `${keptPath(path)}.new`;
  const handle = await open(path, "r+");
  try {
    const { size } = await handle.stat();
    const keptFrom = size - KEPT_BYTES;
    const { buffer } = await handle.read(Buffer.alloc(KEPT_BYTES), 0, KEPT_BYTES, keptFrom);
    await writeFile(beside, buffer, { mode: 0o600 });
    await rename(beside, keptPath(path));
    await writeJson(cutPath(path), { cuts: (before?.cuts ?? 0) + (isUnfinished ? 0 : 1), size, keptFrom });
    await handle.truncate(0);
  } finally {
    await handle.close();
  }
}

export const keptPath = (path: string): string => `${path}.1`;
const cutPath = (path: string): string => `${path}.cut`;

/** When the output was emptied: how often by now, how large it was, and from which byte on it was kept. */
const Cut = z.object({ cuts: z.int(), size: z.int(), keptFrom: z.int() });

/** The last time the output was emptied, for those who read on behind it. */
export const readCut = (path: string): Promise<z.infer<typeof Cut> | undefined> => readJson(cutPath(path), Cut);

async function readTail(path: string): Promise<string> {
  const handle = await open(path, "r").catch(() => undefined);
  if (!handle) return "";
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, KEPT_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString("utf8", 0, bytesRead);
    // The first line is cut, unless the file begins with it.
    return size > length ? text.slice(text.indexOf("\n") + 1) : text;
  } finally {
    await handle.close();
  }
}

/** Opens an empty output file to append to; the caller closes it. */
export async function openOutput(path: string) {
  await rm(path, { force: true });
  return open(path, "ax", 0o600);
}
