import { readFile, rename } from "node:fs/promises";
import type { Logger } from "pino";
import type { ServiceRecord } from "./draft-table.ts";
import { decodeTable } from "./encode-table.ts";
import { previousPath } from "./save-table.ts";

async function readTable(path: string, log: Logger): Promise<Map<string, ServiceRecord> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    return decodeTable(text);
  } catch (err) {
    const setAside = `${path}.corrupt-${Date.now()}`;
    await rename(path, setAside);
    log.error({ err, path, setAside }, "the router's table was damaged and is set aside");
    return undefined;
  }
}

/**
 * What the router last knew. A damaged file is renamed to `.corrupt-<time>` and the copy from before the last save is
 * used, which can be one command old: the worker's reconciliation applies what is missing. Empty on first start.
 */
export async function loadTable(path: string, log: Logger): Promise<Map<string, ServiceRecord>> {
  const current = await readTable(path, log);
  if (current !== undefined) return current;
  const previous = await readTable(previousPath(path), log);
  if (previous !== undefined)
    log.warn({ path, services: previous.size }, "serving the copy of the table before the last");
  return previous ?? new Map();
}
