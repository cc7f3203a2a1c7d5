import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readProcess } from "../programs/list-processes.ts";

const NAMED = /^(?:ssh|trust|index|lock)-(\d+)-/;

/** A 0700 folder of one call, gone on every way out; its name tells the process, for when that is killed. */
export async function withPrivateFolder<T>(
  parent: string,
  purpose: "ssh" | "trust" | "index" | "lock",
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, `${purpose}-${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what killed processes left behind, deploy keys among it. */
export async function removeStaleFolders(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = NAMED.exec(name)?.[1];
    if (pid === undefined || Number(pid) === process.pid || (await readProcess(Number(pid)))) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}
