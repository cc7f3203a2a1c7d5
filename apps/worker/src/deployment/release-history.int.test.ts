import type { Database } from "@windlass/db";
import { createTestDatabase, seedEnvironment } from "@windlass/db/testing";
import { expect, it } from "vitest";
import { acquireLease } from "../lease/lease.ts";
import { createReleaseHistory } from "./release-history.ts";

const KEEPING = { keepReleases: 2, keepDays: 0, warmMinutes: 0, bakeMinutes: 5 };

/** Statements that wait for a lock, and those at work. */
async function countActive(db: Database) {
  const [count] = await db.$queryRaw<{ waiting: number; others: number }[]>`
    select count(*) filter (where "wait_event_type" = 'Lock')::int as "waiting",
      count(*) filter (where "wait_event_type" is distinct from 'Lock')::int as "others"
    from pg_stat_activity where "datname" = current_database() and "state" = 'active' and "pid" <> pg_backend_pid()`;
  return count;
}

it("keeps what was live as the way back, however old it is, also when all of it is stopped", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const { environment, team } = await seedEnvironment(db);
    const environmentId = environment.id;
    const lease = await acquireLease(db, environmentId, "first", 60_000);
    if (!lease) throw new Error("Nobody else has it.");
    const made = { runtime: "process", config: {}, variables: new Uint8Array(), variablesVersion: 1 } as const;
    const artifact = { kind: "folder" as const, path: "/nowhere", command: ["node"], origin: "node" };
    const release = (number: number) =>
      db.release.create({ data: { ...made, environmentId, number, artifact, variableDigests: {} } });
    const [first, second, third] = [await release(1), await release(2), await release(3)];
    // It was rolled back to the first one, and then stopped.
    const instance = { name: "wl-1", address: "127.0.0.1:1", status: "stopped", stoppedAt: new Date() } as const;
    await db.instance.create({ data: { ...instance, releaseId: first.id } });
    await db.environment.update({ where: { id: environmentId }, data: { currentReleaseId: first.id } });

    /** The ids of what is kept no longer once a new release is live. */
    async function commit(number: number): Promise<string[]> {
      const actor = { actorKind: "system", actorName: "Test" } as const;
      const { id } = await db.deployment.create({
        data: { environmentId, teamId: team.id, number, kind: "deploy", trigger: "test", status: "running", ...actor },
      });
      const ids = { deploymentId: id, environmentId, releaseId: id, scaleTo: null, startedAt: new Date() };
      const newRelease = { ...made, variableDigests: {}, hosts: [] };
      if (!lease) throw new Error("It is held.");
      const history = createReleaseHistory(db, lease, ids, newRelease, KEEPING);
      const started = { name: `wl-new-${number}`, ordinal: 1, address: { host: "127.0.0.1", port: number } };
      const past = await history.commit({ artifact, instances: [started] });
      const ended = { status: "succeeded", endReason: "succeeded", endedAt: new Date() } as const;
      await db.deployment.update({ where: { id }, data: ended });
      return past.map(({ releaseId }) => releaseId);
    }

    // What is kept is looked for beside the commit: here before it, for that waits for the lease's row.
    const { promise: isHeld, resolve: hold } = Promise.withResolvers<void>();
    const { promise: isOver, resolve: letGo } = Promise.withResolvers<void>();
    const holding = db.$transaction(async (tx) => {
      await tx.$queryRaw`select 1 from "Lease" for update`;
      hold();
      await isOver;
    });
    await isHeld;
    const committing = commit(1);
    await expect.poll(() => countActive(db)).toEqual({ waiting: 1, others: 0 });
    letGo();
    await holding;
    expect(await committing).toEqual([]);
    // The watch over the fourth is not over: the first is its way back.
    expect(await commit(2)).toEqual([second.id]);
    await db.bake.updateMany({ data: { endedAt: new Date(), state: "passed" } });
    expect(await commit(3)).toEqual([third.id, second.id, first.id]);
    await lease.release();
  } finally {
    await drop();
  }
});
