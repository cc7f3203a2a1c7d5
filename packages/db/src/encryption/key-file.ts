import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The instance's key (32 bytes, hex) from its file in the data folder, made on the first run. */
export function loadOrCreateKey(dataFolder: string): string {
  const file = path.join(dataFolder, "secret.key");
  try {
    writeFileSync(file, randomBytes(32).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const text = readFileSync(file, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new Error(`${file} is not an encryption key: 64 hexadecimal digits. Restore it from your backup.`);
  }
  return text;
}
