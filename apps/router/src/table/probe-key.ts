import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/**
 * The key by which the worker's probes are known. It lies beside the table, so that routers that take over from each
 * other agree on it.
 */
export function readProbeKey(tableFile: string): string {
  const path = `${tableFile}.probe-key`;
  const known = readKey(path);
  if (known !== undefined) return known;
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, randomBytes(24).toString("hex"), { mode: 0o600 });
  rmSync(path, { force: true });
  try {
    linkSync(beside, path);
  } catch (cause) {
    // Another router was first.
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
  } finally {
    rmSync(beside, { force: true });
  }
  return readKey(path) ?? readProbeKey(tableFile);
}

function readKey(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return /^[0-9a-f]{48}$/.test(text) ? text : undefined;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
}
