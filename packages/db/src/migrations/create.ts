// npm run migration -- NAME: writes the migration that leads to the schema file, on a scratch embedded Postgres.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensureDatabase, startEmbedded } from "../embedded/start-embedded.ts";
import { applyMigrations, createMigration } from "./migrate.ts";

const name = process.argv[2];
if (!name || !/^[a-z][a-z0-9_]*$/.test(name)) {
  process.stderr.write("Name the migration in lower case with underscores: npm run migration -- add_previews\n");
  process.exit(2);
}
const folder = mkdtempSync(path.join(tmpdir(), "windlass-migration-"));
const server = await startEmbedded(folder);
try {
  const url = await ensureDatabase(server, "windlass");
  await applyMigrations(url);
  const made = await createMigration(url, name);
  process.stdout.write(
    made ? `packages/db/prisma/migrations/${made}/migration.sql\n` : "The migrations agree with the schema.\n",
  );
} finally {
  server.stop();
  rmSync(folder, { recursive: true, force: true });
}
