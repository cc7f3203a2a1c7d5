import { once } from "node:events";
import type { RuntimeLogLease } from "@windlass/db/runtime-log-store";
import { Secret } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import type { Worker } from "../wiring.ts";
import { keepEnvironment } from "./keep-environment.ts";

describe("keeping an environment's log", () => {
  it("lets go of what it follows when the database does not answer, so that somebody begins anew", async () => {
    const followed: string[] = [];
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
      [Symbol.asyncIterator]: () => ({
        async next() {
          followed.push(name);
          if (!signal.aborted) await once(signal, "abort");
          followed.push("ended");
          return { done: true, value: undefined };
        },
      }),
    });
    const worker = {
      db,
      shutdown: new AbortController().signal,
      cipher: { decrypt: () => new Secret("{}") },
      live: { watch: () => ({ next: async () => true, close: () => {} }) },
      runtimeOf: () => ({ output: { follow } }),
    } as unknown as Worker;
    const lease = {
      environmentId: "environment",
      lost: new AbortController().signal,
      bytes: 0,
      readPositions: async () => new Map(),
      prune: async () => {},
    } as unknown as RuntimeLogLease;
    await expect(keepEnvironment(worker, lease)).rejects.toThrow("terminating connection");
    expect(followed).toEqual(["wl-app-1", "ended"]);
  });
});
