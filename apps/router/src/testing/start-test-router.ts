import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { Router, RouterOptions } from "../start-router.ts";
import { startRouter } from "../start-router.ts";
import { commandRouter } from "./command-router.ts";

export interface TestRouter extends AsyncDisposable {
  router: Router;
  port: number;
  folder: string;
  controlSocket: string;
  tableFile: string;
  control: ReturnType<typeof commandRouter>;
}

/** A router of its own in a folder of its own, on a free port. */
export async function startTestRouter(options: Partial<RouterOptions> = {}): Promise<TestRouter> {
  const folder = await mkdtemp(join(tmpdir(), "router-"));
  const controlSocket = join(folder, "control.sock");
  const tableFile = join(folder, "table");
  const router = await startRouter({
    listen: { host: "127.0.0.1", port: 0 },
    controlSocket,
    tableFile,
    log: pino({ level: "silent" }),
    ...options,
    // A busy machine may take long to say goodbye.
    limits: { goodbyeMs: 30_000, lingerMs: 20, stopMs: 500, stopStreamGraceMs: 0, ...options.limits },
  });
  return {
    router,
    port: router.listen.port,
    folder,
    controlSocket,
    tableFile,
    control: commandRouter(controlSocket),
    async [Symbol.asyncDispose]() {
      await router.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
