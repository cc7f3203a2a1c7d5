import { expect, it } from "vitest";
import { createTestDatabase } from "../testing/create-test-database.ts";
import { seedEnvironment } from "../testing/seed-environment.ts";
import { openRuntimeLogStore } from "./open-runtime-log-store.ts";

it("keeps no position of an instance that was read to its end and is gone", async () => {
  const { url, db, drop } = await createTestDatabase();
  const store = openRuntimeLogStore(url, 2);
  try {
    const { environment } = await seedEnvironment(db);
    const { id } = environment;
    const release = await db.release.create({
      data: {
        ...{ environmentId: id, number: 1, runtime: "process", artifact: {}, config: {} },
        ...{ variables: Buffer.from(""), variablesVersion: 1, variableDigests: {} },
      },
    });
    const instance = (name: string, status: "running" | "stopped") =>
      db.instance.create({ data: { releaseId: release.id, name, ordinal: 1, address: "127.0.0.1:1", status } });
    await instance("gone", "stopped");
    await instance("gone-and-unread", "stopped");
    await instance("vanished", "running");

    const lease = await store.acquire(id, "worker", 60_000);
    if (!lease) throw new Error("Nobody else has it.");
    const lines = { lines: 1, data: Buffer.from("x"), fromAt: 0, toAt: 0, streams: 1 };
    for (const name of ["gone", "gone-and-unread", "vanished"]) {
      await lease.append({ instance: name, releaseId: release.id }, lines, { at: name });
    }
    await lease.end({ instance: "gone", releaseId: release.id });
    await lease.end({ instance: "vanished", releaseId: release.id });
    await lease.prune({ bytes: 1_000_000, oldest: new Date(0) });
    expect([...(await lease.readPositions()).keys()].sort()).toEqual(["gone-and-unread", "vanished"]);
    await lease.release();
  } finally {
    await store.close();
    await drop();
  }
});
