import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
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

/** As writeJson, but never over what is there: false when somebody else has written it. */
export async function createJson(path: string, value: unknown): Promise<boolean> {
  const beside = `${path}.${process.pid}.new`;
  try {
    await writeFile(beside, JSON.stringify(value, null, 2), { mode: 0o600 });
    await link(beside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
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
