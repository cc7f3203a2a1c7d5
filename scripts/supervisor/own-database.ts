import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ensureDatabase, postgresAccount, reachableFolder, startEmbedded } from "@windlass/db/embedded";

const NAME = "windlass";

export interface OwnDatabase {
  url: string;
  folder: string;
  isAdopted: boolean;
}

export async function startOwnDatabase(dataFolder: string): Promise<OwnDatabase> {
  const folder = await claimFolder(dataFolder);
  const server = await startEmbedded(dataFolder);
  return { url: await ensureDatabase(server, NAME), folder, isAdopted: server.adopted };
}

export async function stopOwnDatabase(dataFolder: string): Promise<void> {
  const folder = reachableFolder(dataFolder, postgresAccount());
  if (!existsSync(path.join(folder, "postgres", "cluster", "postmaster.pid"))) return;
  (await startEmbedded(dataFolder)).stop();
}

/**
 * Where the account of PostgreSQL cannot enter the data folder, the cluster lies outside of it, under a name made from
 * the data folder's path. When the data folder was deleted and made anew, that cluster belongs to the one that is gone,
 * with secrets that no key opens any more: it is put aside, not used.
 */
async function claimFolder(dataFolder: string): Promise<string> {
  const folder = reachableFolder(dataFolder, postgresAccount());
  if (folder === dataFolder) return folder;
  const [inside, outside] = [dataFolder, folder].map((place) => path.join(place, "cluster.id")) as [string, string];
  if (existsSync(path.join(folder, "postgres")) && readOr(inside) !== readOr(outside)) {
    if (existsSync(path.join(folder, "postgres", "cluster", "postmaster.pid")))
      (await startEmbedded(dataFolder)).stop();
    renameSync(path.join(folder, "postgres"), path.join(folder, `postgres-before-${Date.now()}`));
  }
  if (readOr(inside) === "" || readOr(inside) !== readOr(outside)) {
    const id = randomUUID();
    writeFileSync(outside, id);
    writeFileSync(inside, id);
  }
  return folder;
}

function readOr(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
