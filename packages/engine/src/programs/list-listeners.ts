import { readdir, readFile, readlink } from "node:fs/promises";
import type { Listener } from "../ports.ts";

const LISTEN = "0A";

interface Socket extends Listener {
  inode: string;
}

/** What listens in the network namespace that a process is in; undefined when it cannot be seen. */
export async function listenersOfNamespace(pid: number): Promise<Listener[] | undefined> {
  return (await socketsOfNamespace(pid))?.map(({ host, port }) => ({ host, port }));
}

/** What these processes themselves listen on, of a namespace that they share with others. */
export async function listenersOfProcesses(pids: readonly number[]): Promise<Listener[] | undefined> {
  const [first] = pids;
  const sockets = first === undefined ? undefined : await socketsOfNamespace(first);
  if (!sockets) return undefined;
  const owned = new Set((await Promise.all(pids.map(inodesOf))).flat());
  return sockets.filter(({ inode }) => owned.has(inode)).map(({ host, port }) => ({ host, port }));
}

async function socketsOfNamespace(pid: number): Promise<Socket[] | undefined> {
  try {
    const tables = [await readFile(`/proc/${pid}/net/tcp`, "utf8")];
    // There is none where IPv6 is off.
    tables.push(await readFile(`/proc/${pid}/net/tcp6`, "utf8").catch(() => ""));
    return tables.flatMap(parseTcpTable);
  } catch {
    return undefined;
  }
}

async function inodesOf(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

/** The listening sockets of /proc/net/tcp or tcp6 (proc(5)): addresses are hexadecimal, in words of the machine's order. */
export function parseTcpTable(text: string): Socket[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      if (state !== LISTEN || address === "") return [];
      return [{ host: readAddress(address), port: Number.parseInt(port, 16), inode }];
    });
}

function readAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)));
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.every((byte) => byte === 0)) return "::";
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return bytes.slice(12).join(".");
  if (bytes.at(-1) === 1 && bytes.slice(0, -1).every((byte) => byte === 0)) return "::1";
  const groups = Array.from({ length: 8 }, (_, n) =>
    (((bytes[2 * n] ?? 0) << 8) | (bytes[2 * n + 1] ?? 0)).toString(16),
  );
  return groups.join(":");
}
