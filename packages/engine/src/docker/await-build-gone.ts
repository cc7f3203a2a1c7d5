import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { engineError, isMissing, statusOf } from "./errors.ts";

/** Where a build's commands run, and the host name that only their containers were given. */
export interface BuildPlace {
  network: string;
  host: string;
}

const LOOK_EVERY_MS = 50;
/** It may be making the next command's container when the request is closed; it has none once this many looks in a row found none. */
const QUIET_LOOKS = 3;
const PATIENCE_MS = 700;

/**
 * The engine ends the command of a build by itself once the request for it is closed, some moments later. Resolves when
 * no container of the build is left; one that stays is removed.
 */
export async function awaitBuildGone(engine: Dockerode, place: BuildPlace): Promise<void> {
  const began = performance.now();
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    const left = await findContainers(engine, place);
    quiet = left.length === 0 ? quiet + 1 : 0;
    if (performance.now() - began > PATIENCE_MS) for (const id of left) await remove(engine, id);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Removes what an earlier attempt left: of a build whose engine ended nobody else knows. Mostly there is nothing. */
export async function removeLeftBuild(engine: Dockerode, place: BuildPlace): Promise<void> {
  if ((await findContainers(engine, place)).length > 0) await awaitBuildGone(engine, place);
}

async function findContainers(engine: Dockerode, { network, host }: BuildPlace): Promise<string[]> {
  try {
    const there = await engine.listContainers({ all: true, filters: { network: [network] } });
    const looked = await Promise.all(there.map(({ Id }) => isOfBuild(engine, Id, host)));
    return there.flatMap(({ Id }, index) => (looked[index] ? [Id] : []));
  } catch (error) {
    throw engineError(error, "runtime_unavailable", "looking whether the build has ended");
  }
}

async function isOfBuild(engine: Dockerode, id: string, host: string): Promise<boolean> {
  try {
    const { HostConfig } = await engine.getContainer(id).inspect();
    return HostConfig.ExtraHosts?.some((entry: string) => entry.startsWith(`${host}:`)) === true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function remove(engine: Dockerode, id: string): Promise<void> {
  try {
    await engine.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    // 409: the engine is removing it.
    if (!isMissing(error) && statusOf(error) !== 409)
      throw engineError(error, "runtime_unavailable", "ending the build");
  }
}
