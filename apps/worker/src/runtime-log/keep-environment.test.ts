import { once } from "node:events";
import type { RuntimeLogLease } from "@windlass/db/runtime-log-store";
import { Secret } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import type { Worker } from "../wiring.ts";
import { keepEnvironment } from "./keep-environment.ts";

type Next = (name: string, signal: AbortSignal) => Promise<void>;

/** One instance, whose output ends, or breaks off, with `next`; the second look for instances fails. */
function makeWorker(next: Next): Worker {
  let looks = 0;
  const db = {
    environment: { findUnique: async () => ({ logMegabytes: 1, logDays: 1 }) },
    instance: {
      async findMany() {
        if (looks++ > 0) throw new Error("terminating connection due to administrator command");
        return [
          { name: "wl-app-1", releaseId: "release", release: { runtime: "docker", variables: new Uint8Array() } },
        ];
      },
    },
  };
  const follow = (name: string, _after: unknown, signal: AbortSignal) => ({
    [Symbol.asyncIterator]: () => ({ next: () => next(name, signal).then(() => ({ done: true, value: undefined })) }),
  });
  return {
    db,
    shutdown: new AbortController().signal,
    cipher: { decrypt: () => new Secret("{}") },
    live: { watch: () => ({ next: async () => true, close: () => {} }) },
    runtimeOf: () => ({ output: { follow } }),
  } as unknown as Worker;
}

const lease = {
  environmentId: "environment",
  lost: new AbortController().signal,
  bytes: 0,
  readPositions: async () => new Map(),
  prune: async () => {},
} as unknown as RuntimeLogLease;

describe("keeping an environment's log", () => {
  it("lets go of what it follows when the database does not answer, so that somebody begins anew", async () => {
    const followed: string[] = [];
    const worker = makeWorker(async (name, signal) => {
      followed.push(name);
      if (!signal.aborted) await once(signal, "abort");
      followed.push("ended");
    });
    await expect(keepEnvironment(worker, lease)).rejects.toThrow("terminating connection");
    expect(followed).toEqual(["wl-app-1", "ended"]);
  });

  it("tells what broke off", async () => {
    const worker = makeWorker(() => Promise.reject(new Error("the engine does not answer")));
    await expect(keepEnvironment(worker, lease)).rejects.toThrow("the engine does not answer");
  });
});
