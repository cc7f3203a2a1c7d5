import { createTestDatabase, seedEnvironment } from "@windlass/db/testing";
import { expect, it } from "vitest";
import { findDue } from "./cool-warm.ts";

it("lets a deployment that waits go before what is due, which it would wait for, though not for ever", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const { environment, team } = await seedEnvironment(db);
    const environmentId = environment.id;
    const artifact = { kind: "folder", path: "/nowhere", origin: "node" };
    const made = { environmentId, number: 1, runtime: "process", artifact, variableDigests: {} } as const;
    const config = { resources: { memoryMb: 100 } };
    const release = await db.release.create({
      data: { ...made, config, variables: new Uint8Array(), variablesVersion: 1 },
    });
    const warm = { releaseId: release.id, name: "wl-app-1", address: "127.0.0.1:1", status: "warm" } as const;
    const warmUntil = new Date(Date.now() - 5000);
    const { id } = await db.instance.create({ data: { ...warm, warmedAt: warmUntil, warmUntil } });
    const due = () => findDue({ db, warmMemoryMb: 1000 });
    const own = { environmentId, name: "wl-app-1" };
    expect(await due()).toEqual([{ ...own, yields: false }]);
    const actor = { actorKind: "system", actorName: "Test" } as const;
    await db.deployment.create({
      data: { environmentId, teamId: team.id, number: 1, kind: "deploy", trigger: "test", ...actor },
    });
    expect(await due()).toEqual([{ ...own, yields: true }]);
    await db.instance.update({ where: { id }, data: { warmUntil: new Date(Date.now() - 60_000) } });
    expect(await due()).toEqual([{ ...own, yields: false }]);
    await db.instance.update({ where: { id }, data: { warmUntil: new Date(Date.now() + 60_000) } });
    expect(await due()).toEqual([]);
    // Memory is short now, whoever waits.
    expect(await findDue({ db, warmMemoryMb: 50 })).toEqual([{ ...own, yields: false }]);
  } finally {
    await drop();
  }
});
