import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startEmbedded } from "../embedded/start-embedded.ts";

/** vitest's global set-up: one real Postgres for the run, in a folder that goes with it. */
export default async function setup(_project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-test-"));
  const server = await startEmbedded(folder);
  process.env.TEST_POSTGRES_URL = server.url("postgres");
  await forgetDurability(server.url("postgres"));
  return () => {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** What is thrown away after the run need not survive a crash of the machine, and tests share one disk. */
async function forgetDurability(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query("alter system set fsync = off");
    await client.query("select pg_reload_conf()");
  } finally {
    await client.end();
  }
}
