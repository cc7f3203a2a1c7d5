// Leaves a database that answers and is migrated, our own or the one that DATABASE_URL names, and tells its address.
import { loadOrCreateKey } from "@windlass/db/encryption";
import { applyMigrations } from "@windlass/db/migrations";
import { checkDatabase } from "../check-database.ts";
import { startOwnDatabase } from "../own-database.ts";
import { errorMessage, StartFailure } from "../start-failure.ts";
import { report, reportProgress } from "./report.ts";

export interface PreparedDatabase {
  url: string;
  /** Ours, and where its cluster lies; null for one that the operator runs */
  ownFolder: string | null;
  /** It ran already when we came */
  isAdopted: boolean;
  migrations: number;
  /** The key of what is stored encrypted in it */
  secretKey: string;
}

async function prepare(): Promise<PreparedDatabase> {
  const external = process.env.DATABASE_URL;
  const dataFolder = process.env.WINDLASS_DATA_DIR ?? "";
  if (external) await checkDatabase(external);
  else await reportProgress("starting PostgreSQL");
  const own = external ? undefined : await startOwnDatabase(dataFolder);
  const url = external || own?.url || "";
  await reportProgress("migrating");
  const applied = await applyMigrations(url).catch((error: unknown) => {
    throw new StartFailure(
      `The database could not be migrated: ${errorMessage(error).split("\n")[0]}`,
      external
        ? "Its user needs to own the database. Restore a backup when a migration was interrupted."
        : "Keep the data folder as it is and look at logs/supervisor.log in it.",
    );
  });
  return {
    url,
    ownFolder: own?.folder ?? null,
    isAdopted: own?.isAdopted ?? false,
    migrations: applied.length,
    secretKey: process.env.WINDLASS_SECRET_KEY || loadOrCreateKey(dataFolder),
  };
}

await report(prepare);
