import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { BRIDGE_PREFIX } from "./names.ts";

export type HostProtection =
  | { isProtected: true; did: string }
  /** Why not, and what that means, in words for the operator */
  | { isProtected: false; why: string };

const CHAIN = "WINDLASS-INPUT";
const FORWARD_CHAIN = "DOCKER-USER";
const PROGRAMS = ["/usr/sbin/iptables", "/sbin/iptables", "/usr/local/sbin/iptables"];

/** The rules as argv after `iptables`, each with the way to ask whether it is there; pure. */
export function hostRules(): { check: string[]; add: string[] }[] {
  const bridges = `${BRIDGE_PREFIX}+`;
  const established = ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "RETURN"];
  // Where clouds hand a machine its credentials (AWS, Google, Azure and others); by port, for name servers may be there too.
  const metadata = ["-i", bridges, "-d", "169.254.0.0/16", "-p", "tcp", "--dport", "80", "-j", "DROP"];
  return [
    { check: ["-n", "-L", CHAIN], add: ["-N", CHAIN] },
    { check: ["-C", CHAIN, ...established], add: ["-I", CHAIN, "1", ...established] },
    { check: ["-C", CHAIN, "-j", "DROP"], add: ["-A", CHAIN, "-j", "DROP"] },
    // Last, so that no packet meets a chain that is not complete; first in INPUT, before anything that accepts.
    { check: ["-C", "INPUT", "-i", bridges, "-j", CHAIN], add: ["-I", "INPUT", "1", "-i", bridges, "-j", CHAIN] },
    // The engine's own chain for what is forwarded: it stays first when networks come and the engine restarts.
    { check: ["-n", "-L", FORWARD_CHAIN], add: ["-N", FORWARD_CHAIN] },
    { check: ["-C", FORWARD_CHAIN, ...metadata], add: ["-I", FORWARD_CHAIN, "1", ...metadata] },
  ];
}

/**
 * Keeps apps away from the services of the machine they run on, and from the credentials its cloud gives it. A network of its own isolates an app from others, not
 * from the host, which it reaches through its gateway. What comes in from our bridges is dropped unless it answers
 * something the host began; name resolution, the way out and host → app go on. Safe to run again.
 */
export async function protectHost(): Promise<HostProtection> {
  if (process.platform !== "linux") return unprotected("this system has no iptables");
  if (process.getuid?.() !== 0) return unprotected("Windlass does not run as root");
  const program = await findProgram();
  if (program === undefined) return unprotected("iptables is not installed");
  let added = 0;
  for (const { check, add } of hostRules()) {
    if ((await run(program, check)) === undefined) continue;
    const problem = await run(program, add);
    if (problem !== undefined) return unprotected(`iptables refused (${problem})`);
    added++;
  }
  const how = `the chain ${CHAIN} drops what apps send to this machine`;
  return { isProtected: true, did: added === 0 ? `${how}; it was there already` : how };
}

const unprotected = (why: string): HostProtection => ({
  isProtected: false,
  why: `Apps can reach the services of this machine: ${why}.`,
});

async function findProgram(): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  return undefined;
}

/** Undefined when it went well, else what it said. `-w` waits for another that changes rules at the same time. */
function run(program: string, argv: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, ["-w", "5", ...argv], { timeout: 10_000 }, (error, _stdout, stderr) => {
      resolve(error ? stderr.trim().split("\n")[0] || error.message : undefined);
    });
  });
}
