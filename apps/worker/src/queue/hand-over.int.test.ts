import { setTimeout as sleep } from "node:timers/promises";
import { requestDeployment } from "@windlass/api/operations";
import { isEnded } from "@windlass/domain";
import { afterEach, expect, it } from "vitest";
import { makeWorld, type World } from "../testing/fake-world.ts";
import { judgeHistories, recordHistory } from "../testing/judge-history.ts";
import { commitOf } from "../testing/numbered-commits.ts";
import { createRandom } from "../testing/random.ts";

const PLACES = { environments: 4, perTeam: 4, builds: 2 };
const PATIENCE_MS = 40_000;

let world: World;
afterEach(() => world.close());

async function open(leaseMs: number) {
  world = await makeWorld(createRandom(1), leaseMs);
  await recordHistory(world.ctx.db);
  const team = await world.ctx.db.team.create({ data: { slug: "harbour", name: "Harbour" } });
  return (await world.makeEnvironment(team.id, "app")).environment;
}

const deploy = (environment: Awaited<ReturnType<typeof open>>) =>
  requestDeployment(world.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" });

async function until<T>(look: () => Promise<T | false | undefined>): Promise<T> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(20)) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (performance.now() > deadline) throw new Error("Waited in vain.");
  }
}

const untilEnded = (id: string) =>
  until(async () => {
    const row = await world.ctx.db.deployment.findUniqueOrThrow({ where: { id } });
    return isEnded(row.status) && row;
  });

/** The next call of an instance's start waits for the returned function; resolves once it is there. */
function holdStart(): { reached: Promise<void>; let: () => void } {
  const reached = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  world.engine.failNext("start", async () => {
    reached.resolve();
    await held.promise;
  });
  return { reached: reached.promise, let: held.resolve };
}

const token = async (environmentId: string) =>
  (await world.ctx.db.lease.findUniqueOrThrow({ where: { environmentId } })).fencingToken;

it("hands over at once when a worker shuts down, long before its lease would end", async () => {
  const environment = await open(600_000);
  const first = world.startWorker(PLACES, 0);
  const start = holdStart();
  const id = await deploy(environment);
  await start.reached;
  const stopped = first.stop();
  const second = world.startWorker(PLACES, 0);
  start.let();
  await stopped;
  expect(await untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(await token(environment.id)).toBe(2n);
  await second.stop();
  expect([...world.faults, ...(await judgeHistories(world.ctx.db, commitOf, world.outside))]).toEqual([]);
}, 120_000);

it("lets neither of two workers act that froze past their leases one after the other and wake up together", async () => {
  const environment = await open(1000);
  const id = await (async () => {
    const first = world.startWorker(PLACES, 0);
    const start = holdStart();
    const asked = await deploy(environment);
    await start.reached;
    first.mortality.freeze();
    start.let();
    const again = holdStart();
    const second = world.startWorker(PLACES, 0);
    await again.reached;
    second.mortality.freeze();
    again.let();
    const third = world.startWorker(PLACES, 0);
    await until(async () => (await token(environment.id)) >= 3n);
    first.mortality.thaw();
    second.mortality.thaw();
    await untilEnded(asked);
    for (const worker of [first, second, third]) await worker.stop();
    return asked;
  })();
  expect(await untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect([...world.faults, ...(await judgeHistories(world.ctx.db, commitOf, world.outside))]).toEqual([]);
}, 120_000);
