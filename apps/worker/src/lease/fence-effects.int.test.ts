import { createTestDatabase } from "@windlass/db/testing";
import { EnvironmentConfig } from "@windlass/domain";
import type { RuntimePorts } from "@windlass/engine";
import { expect, it } from "vitest";
import { fenceEffects } from "./fence-effects.ts";
import { acquireLease } from "./lease.ts";

it("keeps a worker whose lease another one took from stopping, removing or starting anything", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const team = await db.team.create({ data: { slug: "harbour", name: "Harbour" } });
    const source = { kind: "git", url: "https://example.com/app.git" };
    const app = await db.app.create({ data: { teamId: team.id, slug: "app", name: "App", source } });
    const { id } = await db.environment.create({
      data: {
        appId: app.id,
        teamId: team.id,
        slug: "production",
        name: "Production",
        branch: "main",
        runtime: "process",
        config: EnvironmentConfig.parse({}),
      },
    });
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
