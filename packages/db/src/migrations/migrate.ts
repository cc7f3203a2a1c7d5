import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { withSchemaEngine } from "./schema-engine.ts";

const PRISMA = path.resolve(import.meta.dirname, "../../prisma");
const MIGRATIONS = path.join(PRISMA, "migrations");
const LOCK_FILE = "migration_lock.toml";
const FILTERS = { externalTables: [], externalEnums: [] };

const readSchema = () => readFileSync(path.join(PRISMA, "schema.prisma"), "utf8");

function migrationsList() {
  const lock = path.join(MIGRATIONS, LOCK_FILE);
  const names = readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    baseDir: MIGRATIONS,
    shadowDbInitScript: "",
    lockfile: { path: LOCK_FILE, content: existsSync(lock) ? readFileSync(lock, "utf8") : null },
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: {
        path: "migration.sql",
        content: { tag: "ok" as const, value: readFileSync(path.join(MIGRATIONS, name, "migration.sql"), "utf8") },
      },
    })),
  };
}

/** Applies what is not applied yet (`prisma migrate deploy`) and returns the names; safe when several start at once. */
export function applyMigrations(url: string): Promise<string[]> {
  return withSchemaEngine(url, readSchema(), async (engine) => {
    const result = await engine.applyMigrations({ migrationsList: migrationsList(), filters: FILTERS });
    return result.appliedMigrationNames;
  });
}

/** Writes a migration from the schema file (`prisma migrate dev --create-only`); null when there is nothing to write. */
export function createMigration(url: string, name: string): Promise<string | null> {
  const schema = readSchema();
  return withSchemaEngine(url, schema, async (engine) => {
    const list = migrationsList();
    // Fills the engine's schema cache from the shadow database; without it createMigration fails.
    const { action } = await engine.devDiagnostic({ migrationsList: list, filters: FILTERS });
    if (action.tag === "reset") throw new Error(`The database has drifted: ${action.reason}`);
    const files = { files: [{ path: "schema.prisma", content: schema }] };
    const made = await engine.createMigration({
      draft: false,
      migrationName: name,
      migrationsList: list,
      schema: files,
      filters: FILTERS,
    });
    if (!made.migrationScript) return null;
    const folder = path.join(MIGRATIONS, made.generatedMigrationName);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "migration.sql"), made.migrationScript);
    if (!list.lockfile.content) writeFileSync(path.join(MIGRATIONS, LOCK_FILE), 'provider = "postgresql"\n');
    return made.generatedMigrationName;
  });
}

/** SQL that leads from the migrations to the schema file; empty when they agree. */
export function pendingChanges(url: string): Promise<string> {
  const schema = readSchema();
  return withSchemaEngine(url, schema, async (engine) => {
    const diff = await engine.diff({
      from: { tag: "migrations", ...migrationsList() },
      to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content: schema }] },
      script: true,
      exitCode: true,
      filters: FILTERS,
    });
    return diff.exitCode === 0 ? "" : (diff.stdout ?? "");
  });
}
