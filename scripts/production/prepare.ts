// Run once before the programs of docker-compose.yml: checks the database, migrates it, and prints a set-up link while
// nobody has set up. `docker compose logs prepare` shows it again; `docker compose run --rm prepare` makes a new one.
import { issueSetupLink } from "@windlass/api/operations";
import { createDatabase } from "@windlass/db";
import { applyMigrations } from "@windlass/db/migrations";
import { checkDatabase } from "../supervisor/check-database.ts";
import { errorMessage, StartFailure } from "../supervisor/start-failure.ts";

async function prepare(): Promise<void> {
  const url = process.env.DATABASE_URL ?? "";
  await checkDatabase(url);
  const applied = await applyMigrations(url);
  process.stdout.write(`Database    ready, ${applied.length} migrations applied\n`);
  const db = createDatabase(url, 1);
  try {
    const key = await issueSetupLink(db);
    const console = (process.env.WINDLASS_PUBLIC_URL ?? "").replace(/\/$/, "");
    process.stdout.write(`Console     ${console}\n`);
    if (key) process.stdout.write(`Set-up link ${console}/setup?key=${key}\n`);
  } finally {
    await db.$disconnect();
  }
}

prepare().catch((error: unknown) => {
  process.stderr.write(`${errorMessage(error)}\n${error instanceof StartFailure ? error.todo : ""}\n`);
  process.exitCode = 1;
});
