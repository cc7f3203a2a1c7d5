import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { errorCode, errorMessage, StartFailure } from "./start-failure.ts";

const NEEDED_BYTES = 500_000_000;
const ELSEWHERE = "choose another folder with --data-dir";

/** Makes the folder when it is missing, and proves that it can be written and has room; throws a StartFailure. */
export function prepareDataFolder(folder: string): void {
  const entry = statSync(folder, { throwIfNoEntry: false });
  if (entry && !entry.isDirectory()) {
    throw new StartFailure(`The data folder ${folder} is not a folder.`, `Move that file away, or ${ELSEWHERE}.`);
  }
  try {
    // Root's servers and apps run as other accounts, which must pass through; what is secret in it is closed by itself.
    makeFolders(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
    writeProbe(path.join(folder, `.write-probe-${process.pid}`));
    for (const name of ["logs", "run", "router"]) mkdirSync(path.join(folder, name), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw explain(error, folder);
  }
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < NEEDED_BYTES) {
    throw new StartFailure(
      `Only ${megabytes(bavail * bsize)} are free on the disk of ${folder}, and Windlass needs ${megabytes(NEEDED_BYTES)}.`,
      `Free some space, or ${ELSEWHERE}.`,
    );
  }
}

/** One by one: mkdir's own recursion never returns where the file system answers ENOENT, as below /proc. */
function makeFolders(folder: string, mode: number): void {
  const missing: string[] = [];
  for (let part = folder; !existsSync(part) && part !== path.dirname(part); part = path.dirname(part)) {
    missing.unshift(part);
  }
  for (const part of missing) mkdirSync(part, { mode });
}

function writeProbe(file: string): void {
  const descriptor = openSync(file, "w", 0o600);
  try {
    writeSync(descriptor, Buffer.alloc(64 * 1024));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

function explain(error: unknown, folder: string): StartFailure {
  switch (errorCode(error)) {
    case "ENOENT":
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new StartFailure(
        `The data folder ${folder} cannot be written by ${accountName()}.`,
        `Make it writable, or ${ELSEWHERE}.`,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new StartFailure(`The disk of ${folder} is full.`, `Free some space, or ${ELSEWHERE}.`);
    case "ENOTDIR":
    case "EEXIST":
      return new StartFailure(`A part of ${folder} is a file, not a folder.`, `Move it away, or ${ELSEWHERE}.`);
    default:
      return new StartFailure(
        `The data folder ${folder} cannot be used: ${errorMessage(error)}.`,
        `Repair that, or ${ELSEWHERE}.`,
      );
  }
}

const accountName = () => process.env.USER || (process.getuid ? `user ${process.getuid()}` : "this user");

const megabytes = (bytes: number) => `${Math.floor(bytes / 1_000_000)} MB`;
