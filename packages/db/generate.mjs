// Runs `prisma generate` without the native schema engine, which generate never executes: it only insists on a path.
import { spawnSync } from "node:child_process";
import path from "node:path";

const bin = path.resolve(import.meta.dirname, "../../node_modules/prisma/build/index.js");
const env = {
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: "1",
  CHECKPOINT_DISABLE: "1",
  ...process.env,
};
const run = spawnSync(process.execPath, [bin, "generate"], { cwd: import.meta.dirname, encoding: "utf8", env });
if (run.status !== 0) process.stderr.write(`${run.stdout}${run.stderr}`);
process.exit(run.status ?? 1);
