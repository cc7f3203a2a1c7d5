import { createHash } from "node:crypto";
import { DomainError } from "@windlass/domain";
import { ProgramTimeout, runProgram } from "../programs/run-program.ts";
import { SYSTEM_PATH } from "../programs/system-path.ts";

interface ScanOptions {
  address: string;
  signal?: AbortSignal;
  path?: string;
}

export interface ScannedHostKey {
  /** As known_hosts takes it */
  knownHostsLine: string;
  /** SHA256:…, as ssh-keygen -l prints it */
  fingerprint: string;
}

const sshKeyscan = (address: string, port: number): [string, ...string[]] => [
  "ssh-keyscan",
  "-T",
  "8",
  "-p",
  String(port),
  "-t",
  "ed25519,ecdsa,rsa",
  "--",
  address,
];

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** How known_hosts names a host: the port only when it is not ssh's own (sshd(8)). */
export const knownHostName = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`);

/** Asks a host, which is at `address`, for its keys, strongest kind first. What comes back is not proven: a person must compare it. */
export async function scanHostKeys(host: string, port: number, options: ScanOptions): Promise<ScannedHostKey[]> {
  if (!HOST.test(host) || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new DomainError("source_refused", "This host name cannot be read.", { field: "source.url" });
  }
  const { stdout, lastLines } = await scan(port, options);
  const keys = stdout
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const key = parseHostKey(line);
      return key ? [hostKey(knownHostName(host, port), key)] : [];
    })
    .sort((a, b) => rank(a) - rank(b));
  if (keys.length === 0) {
    const why = `No ssh server answers on ${host}, port ${port}. Check the address, or try again later.`;
    throw new DomainError("source_unreachable", why, { fault: "server", retryable: true, evidence: lastLines });
  }
  return keys;
}

async function scan(port: number, { signal, path = SYSTEM_PATH, address }: ScanOptions) {
  try {
    const env = { PATH: path, LC_ALL: "C", HOME: "/nonexistent" };
    return await runProgram({ argv: sshKeyscan(address, port), env, cwd: "/", signal, timeoutMs: 20_000 });
  } catch (error) {
    if (error instanceof ProgramTimeout) return { stdout: Buffer.alloc(0), lastLines: [] };
    throw error;
  }
}

export interface HostKey {
  type: string;
  blob: string;
}

const KINDS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

const rank = (key: ScannedHostKey): number => KINDS.indexOf(key.knownHostsLine.split(" ")[1] ?? "");

/** The key on a known_hosts line; undefined for comments, markers such as @cert-authority, and kinds nobody should trust. */
export function parseHostKey(line: string): HostKey | undefined {
  const [host = "", type = "", blob = ""] = line.trim().split(/[ \t]+/);
  if (host.startsWith("#") || host.startsWith("@") || !KINDS.includes(type)) return undefined;
  return /^[A-Za-z0-9+/]+={0,2}$/.test(blob) ? { type, blob } : undefined;
}

export function hostKey(name: string, { type, blob }: HostKey): ScannedHostKey {
  const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "");
  return { knownHostsLine: `${name} ${type} ${blob}`, fingerprint: `SHA256:${digest}` };
}
