import { randomBytes } from "node:crypto";
import pg from "pg";
import { createDatabase, type Database } from "../client.ts";
import { applyMigrations } from "../migrations/migrate.ts";

/** A migrated database of its own for one test file, on the server that TEST_POSTGRES_URL names. */
export interface TestDatabase {
  url: string;
  db: Database;
  drop(): Promise<void>;
}

/** Rejects with a sentence when the test run did not start a server. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server)
    throw new Error("TEST_POSTGRES_URL is not set: run the tests through npm test, or through vitest's config.");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await runOn(server, `create database ${name} template ${await migratedTemplate(server)}`);
  const url = withDatabase(server, name);
  const db = createDatabase(url, 5);
  return {
    url,
    db,
    async drop() {
      await db.$disconnect();
      await runOn(server, `drop database if exists ${name} with (force)`);
    },
  };
}

const TEMPLATE = "windlass_template";

/** Migrating takes a moment, copying a database hardly any: the first caller makes a template under a lock. */
async function migratedTemplate(server: string): Promise<string> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock(7461)");
    const found = await client.query("select 1 from pg_database where datname = $1", [TEMPLATE]);
    if (!found.rowCount) {
      await client.query(`create database ${TEMPLATE}_unfinished`);
      await applyMigrations(withDatabase(server, `${TEMPLATE}_unfinished`));
      await client.query(`alter database ${TEMPLATE}_unfinished rename to ${TEMPLATE}`);
    }
  } finally {
    await client.end();
  }
  return TEMPLATE;
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function runOn(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    // Copying a template fails while another copy of it is being made: queue up.
    await client.query("select pg_advisory_lock(7462)");
    await client.query(statement);
  } finally {
    await client.end();
  }
}
