import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { DomainError } from "@windlass/domain";

/**
 * Addresses that no host on the public internet has, as [address, prefix length] (IANA special-purpose registries).
 * A request that a user can aim there reaches what only this machine, or its network, should: databases, the engine, a
 * cloud's metadata.
 */
const PRIVATE: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
  ["::", 127],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
];

const isPrivate = listOf(PRIVATE);

/** Where a connection may go: pinned, so that a name that changes its mind between check and use changes nothing. */
export type EgressGuard = (host: string) => Promise<string>;

export type Resolve = (host: string) => Promise<string[]>;

/**
 * Makes a guard that resolves a host once and returns the address to connect to. `allowed` are the private ranges that
 * the operator opened, in CIDR notation. Rejects with source_refused when the host lies elsewhere in private ranges,
 * and with source_unreachable when it has no address.
 */
export function guardEgress(allowed: readonly string[], resolve: Resolve = resolveHost): EgressGuard {
  const isAllowed = listOf(allowed.map(parseRange));
  return async (host) => {
    const name = host.replace(/^\[|\]$/g, "");
    const addresses = isIP(name) ? [name] : await resolve(name);
    const reachable = addresses.find((address) => !isPrivate(address) || isAllowed(address));
    if (reachable !== undefined) return reachable;
    const [first] = addresses;
    if (first === undefined) {
      throw new DomainError("source_unreachable", `The host ${name} cannot be found. Check the repository's address.`, {
        field: "source.url",
        fault: "server",
        retryable: true,
      });
    }
    const where = isIP(name) ? `${name} is` : `${name} is at ${first},`;
    throw new DomainError(
      "source_refused",
      `${where} a private address, and repositories there are not read. An operator can open it: WINDLASS_GIT_PRIVATE_RANGES=${first}/${isIP(first) === 6 ? 128 : 32} for the worker.`,
      { field: "source.url" },
    );
  };
}

/** "10.0.0.0/8" → ["10.0.0.0", 8]; an address alone is the range of itself. Throws on anything else. */
export function parseRange(range: string): readonly [string, number] {
  const [address = "", bits] = range.split("/");
  const size = isIP(address) === 6 ? 128 : 32;
  const prefix = bits === undefined ? size : Number(bits);
  if (!isIP(address) || !Number.isInteger(prefix) || prefix < 0 || prefix > size || bits === "") {
    throw new Error(`${range} is not a range of addresses. Write it like 10.0.0.0/8.`);
  }
  return [address, prefix];
}

function listOf(ranges: readonly (readonly [string, number])[]): (address: string) => boolean {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, isIP(address) === 6 ? "ipv6" : "ipv4");
  // An IPv4 address in IPv6's clothes is judged as what it is.
  return (address) => {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    return list.check(mapped, isIP(mapped) === 6 ? "ipv6" : "ipv4");
  };
}

async function resolveHost(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
