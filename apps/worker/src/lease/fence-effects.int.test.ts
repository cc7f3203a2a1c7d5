import { createTestDatabase, seedEnvironment } from "@windlass/db/testing";
import type { RuntimePorts } from "@windlass/engine";
import { expect, it } from "vitest";
import { fenceEffects } from "./fence-effects.ts";
import { acquireLease } from "./lease.ts";

it("keeps a worker whose lease another one took from stopping, removing or starting anything", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const {
      environment: { id },
    } = await seedEnvironment(db);
    const effects: string[] = [];
    const note = (name: string) => async () => void effects.push(name);
    const runtime = { stop: note("stop"), start: note("start"), removeEnvironment: note("removeEnvironment") };
    const builder = { remove: note("remove"), build: note("build") };
    const lease = await acquireLease(db, id, "first", 60_000);
    if (!lease) throw new Error("Nobody else has it.");
    const fenced = fenceEffects({ runtime, builder } as unknown as RuntimePorts, lease);
    await fenced.runtime.stop("wl-app", 0);
    expect(effects).toEqual(["stop"]);

    // As seen by the first one nothing happened: it was paused as a whole, its timers too.
    await db.lease.update({ where: { environmentId: id }, data: { expiresAt: new Date(0) } });
    const second = await acquireLease(db, id, "second", 60_000);
    expect(lease.lost.aborted).toBe(false);
    const lost = { code: "lease_lost" };
    await expect(fenced.runtime.stop("wl-app", 0)).rejects.toMatchObject(lost);
    await expect(fenced.runtime.removeEnvironment(id)).rejects.toMatchObject(lost);
    await expect(fenced.runtime.start({} as never, {} as never)).rejects.toMatchObject(lost);
    await expect(fenced.builder.remove({} as never)).rejects.toMatchObject(lost);
    await expect(fenced.builder.build({} as never, {} as never)).rejects.toMatchObject(lost);
    expect(effects).toEqual(["stop"]);
    await second?.release();
    await lease.release();
  } finally {
    await drop();
  }
});
