import { open, rename, rm, stat, writeFile } from "node:fs/promises";
import { MAX_LOG_LINE_CHARACTERS } from "@windlass/domain";

const MAX_BYTES = 16 * 1024 * 1024;
const KEPT_BYTES = 1024 * 1024;

/** The last lines of an instance's output, oldest first, from at most its last megabyte and what was kept before. */
export async function readLastLines(path: string, lines: number): Promise<string[]> {
  const current = await readTail(path);
  const text = current.split("\n").length > lines ? current : (await readTail(keptPath(path))) + current;
  const all = text.split(/\r?\n/);
  if (all.at(-1) === "") all.pop();
  return all.slice(-lines).map((line) => line.slice(0, MAX_LOG_LINE_CHARACTERS));
}

/**
 * Keeps an instance's output from filling the disk: above 16 MB its last megabyte is kept beside and the file emptied.
 * The instance writes in append mode, so emptying it under its hands is safe; lines of that very moment are lost.
 */
export async function boundOutput(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || found.size <= MAX_BYTES) return;
  const beside = `${keptPath(path)}.new`;
  await writeFile(beside, await readTail(path), { mode: 0o600 });
  await rename(beside, keptPath(path));
  const handle = await open(path, "r+");
  try {
    await handle.truncate(0);
  } finally {
    await handle.close();
  }
}

const keptPath = (path: string): string => `${path}.1`;

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
