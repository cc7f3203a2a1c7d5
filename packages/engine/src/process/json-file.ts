import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { z } from "zod";

/** Written beside and renamed: a reader, or we after a crash, see the whole or nothing. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  try {
    await writeFile(beside, JSON.stringify(value, null, 2), { mode: 0o600 });
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}

/** What the file holds; undefined when it is not there or not of this shape. */
export async function readJson<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T> | undefined> {
  try {
    return shape.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}
