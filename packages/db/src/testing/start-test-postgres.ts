import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { startEmbedded } from "../embedded/start-embedded.ts";

/** vitest's global set-up: one real Postgres for the run, in a folder that goes with it. */
export default async function setup(_project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-test-"));
  const server = await startEmbedded(folder);
  process.env.TEST_POSTGRES_URL = server.url("postgres");
  return () => {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
