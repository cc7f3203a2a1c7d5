import { createDatabase } from "@windlass/db";
import { createTestDatabase, seedEnvironment } from "@windlass/db/testing";
import { expect, it } from "vitest";
import { acquireLease } from "./lease.ts";

it("is let go when a port's question is not answered by the database, and not when it is answered with no", async () => {
  const { db, drop } = await createTestDatabase();
  const nobody = createDatabase("postgresql://ada@127.0.0.1:9/none", 1);
  try {
    const { environment } = await seedEnvironment(db);
    const lease = await acquireLease(db, environment.id, "first", 60_000);
    if (!lease) throw new Error("Nobody else has it.");
    const port = lease.letGoWith({
      name: "history",
      refused: async () => db.release.findUniqueOrThrow({ where: { id: environment.id } }),
      read: () => nobody.release.findMany(),
      raw: () => nobody.$queryRaw`select 1`,
    });
    expect(port.name).toBe("history");
    await expect(port.refused()).rejects.toMatchObject({ code: "P2025" });
    expect(lease.lost.aborted).toBe(false);
    await expect(port.raw()).rejects.toMatchObject({ code: "lease_lost" });
    expect(lease.lost.aborted).toBe(true);
    await expect(port.read()).rejects.toMatchObject({ code: "lease_lost" });
    await lease.release();
  } finally {
    await nobody.$disconnect();
    await drop();
  }
});

it("is refused at once while another holds it, also while that one writes", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const { environment } = await seedEnvironment(db);
    const lease = await acquireLease(db, environment.id, "first", 60_000);
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    const { promise: isWriting, resolve: begin } = Promise.withResolvers<void>();
    const writing = lease?.write(() => {
      begin();
      return isOver;
    });
    await isWriting;
    // Would wait for the write, which waits for this.
    expect(await acquireLease(db, environment.id, "second", 60_000)).toBeNull();
    end();
    await writing;
    await lease?.release();
    expect(await acquireLease(db, environment.id, "second", 60_000)).toMatchObject({ token: 2 });
  } finally {
    await drop();
  }
});
