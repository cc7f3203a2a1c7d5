import { isIPv4 } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@windlass/domain";
import type Dockerode from "dockerode";
import { engineError, engineMessage, isMissing, statusOf } from "./errors.ts";
import { networkLabels, networkNames, ownedBy, readLabels } from "./names.ts";

/** A /26: 61 addresses for containers, so three times the most instances a release has: live, next and one kept warm. */
const SUBNET_BITS = 26;
const SUBNET_SIZE = 2 ** (32 - SUBNET_BITS);
/** After the network's own address and the gateway's */
const FIRST_HOST = 2;
const ATTEMPTS = 64;

export interface EnvironmentNetwork {
  name: string;
  /** Its first address as a number */
  base: number;
  /** All its addresses, those of network, gateway and broadcast among them */
  size: number;
}

export interface NetworkOptions {
  engine: Dockerode;
  owner: string;
  /** The range that /26 subnets are taken from, in CIDR notation. The engine's own pools end after some 31 networks. */
  subnetPool: string;
}

/** The network for a purpose (an environment's id, or a team's builds), made when it does not exist. */
export async function ensureNetwork(options: NetworkOptions, purpose: string): Promise<EnvironmentNetwork> {
  const { engine, owner } = options;
  const { network, bridge, seed } = networkNames(owner, purpose);
  const pool = parseSubnet(options.subnetPool);
  const slots = Math.floor(pool.size / SUBNET_SIZE);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const present = await findNetwork(engine, network);
    if (present) return present;
    const taken = await takenSubnets(engine);
    const base = freeSubnet(pool.base, slots, seed + attempt, taken);
    if (base === undefined) {
      throw new DomainError(
        "runtime_unavailable",
        `All ${slots} networks of ${options.subnetPool} are in use on this server. Give Windlass a larger range.`,
        { fault: "server" },
      );
    }
    try {
      await engine.createNetwork({
        Name: network,
        Driver: "bridge",
        CheckDuplicate: true,
        Labels: networkLabels(owner, purpose),
        IPAM: {
          Driver: "default",
          Config: [{ Subnet: `${writeIp(base)}/${SUBNET_BITS}`, Gateway: writeIp(base + 1) }],
        },
        Options: { "com.docker.network.bridge.name": bridge },
      });
    } catch (error) {
      // 409: another made it meanwhile. 403: another network took the addresses meanwhile, or a route of the host has them.
      const isRace =
        statusOf(error) === 409 || /overlap|same bridge name|already (?:exists|in use)/i.test(engineMessage(error));
      if (!isRace) throw engineError(error, "runtime_unavailable", "making the environment's network");
      // A network takes the engine some 50 ms, and is not listed before it is made.
      await delay(10 + Math.random() * 60);
    }
  }
  throw new DomainError("runtime_unavailable", "No free network was found on the server. Try again.", {
    fault: "server",
    retryable: true,
  });
}

async function findNetwork(engine: Dockerode, name: string): Promise<EnvironmentNetwork | undefined> {
  try {
    const details: Dockerode.NetworkInspectInfo = await engine.getNetwork(name).inspect();
    const subnet = details.IPAM?.Config?.[0]?.Subnet;
    if (subnet === undefined)
      throw new DomainError("runtime_unavailable", `The network ${name} has no subnet. Remove it.`);
    return { name, ...parseSubnet(subnet) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw engineError(error, "runtime_unavailable", "looking at the environment's network");
  }
}

async function takenSubnets(engine: Dockerode): Promise<{ base: number; size: number }[]> {
  const networks = await engine.listNetworks();
  return networks
    .flatMap(({ IPAM }) => IPAM?.Config ?? [])
    .flatMap(({ Subnet }) => (Subnet !== undefined && isIPv4(Subnet.split("/")[0] ?? "") ? [parseSubnet(Subnet)] : []));
}

/** The first /26 from a starting place that overlaps none that is taken; each network starts elsewhere, so that races are rare. */
export function freeSubnet(
  poolBase: number,
  slots: number,
  start: number,
  taken: readonly { base: number; size: number }[],
): number | undefined {
  for (let step = 0; step < slots; step++) {
    const base = poolBase + ((start + step) % slots) * SUBNET_SIZE;
    if (taken.every((other) => base + SUBNET_SIZE <= other.base || other.base + other.size <= base)) return base;
  }
  return undefined;
}

/**
 * An address of the network that no container has, running or not. A container keeps its address through restarts only
 * when it was given one: the engine's own choice may move, and the router would go on with the old one.
 */
export function freeAddress(
  network: EnvironmentNetwork,
  taken: ReadonlySet<string>,
  start: number,
): string | undefined {
  const count = network.size - FIRST_HOST - 1;
  for (let step = 0; step < count; step++) {
    const address = writeIp(network.base + FIRST_HOST + ((start + step) % count));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

export function parseSubnet(cidr: string): { base: number; size: number } {
  const [ip = "", bits = "32"] = cidr.split("/");
  if (!isIPv4(ip)) throw new Error(`${cidr} is not an IPv4 range.`);
  const number = ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return { base: number - (number % size), size };
}

export const writeIp = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

/** Removes an environment's network once no container, running or not, is left in it. */
export async function removeNetwork({ engine, owner }: NetworkOptions, environmentId: string): Promise<void> {
  try {
    const filters = ownedBy(owner, environmentId);
    const containers = await engine.listContainers({ all: true, filters });
    if (containers.some(({ Labels }) => readLabels(Labels) !== undefined)) return;
    for (const { Id } of await engine.listNetworks({ filters })) {
      await engine
        .getNetwork(Id)
        .remove()
        .catch((error: unknown) => {
          // 403: something is still connected that is not ours.
          if (!isMissing(error) && statusOf(error) !== 403) throw error;
        });
    }
  } catch (error) {
    throw engineError(error, "runtime_unavailable", "removing the environment's network");
  }
}
