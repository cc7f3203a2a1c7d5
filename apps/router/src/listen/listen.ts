import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";
import { dirname } from "node:path";
import { CannotStart } from "./cannot-start.ts";
import type { ListenAddress } from "./parse-listen.ts";

function listening(server: Server, options: Parameters<Server["listen"]>[0]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(options, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

const REUSE_PORT_PLATFORMS = new Set(["linux", "freebsd", "dragonfly", "sunos", "aix"]);

const BACKLOG = 4096;

/**
 * Listens so that a second router can listen on the same port and take over (SO_REUSEPORT), where the system has it.
 * Resolves with the address; port 0 becomes a free one. With `fd` it listens on a socket that is bound already and that
 * its holder shares with the next router: no connection is lost, nor refused, between the two. Throws CannotStart.
 */
export async function listenTcp(server: Server, { host, port }: ListenAddress, fd?: number): Promise<ListenAddress> {
  try {
    if (fd !== undefined) {
      await listening(server, { fd, backlog: BACKLOG });
      return { host, port: (server.address() as AddressInfo).port };
    }
    const reusePort = REUSE_PORT_PLATFORMS.has(process.platform) && port !== 0;
    await listening(server, { host, port, reusePort, backlog: BACKLOG });
  } catch (cause) {
    throw new CannotStart(explainListen((cause as NodeJS.ErrnoException).code, `${host}:${port}`), { cause });
  }
  return { host, port: (server.address() as AddressInfo).port };
}

function explainListen(code: string | undefined, where: string): string {
  if (code === "EADDRINUSE")
    return `The router cannot listen on ${where}: another program does. Stop that program, or choose another port.`;
  if (code === "EACCES")
    return `The router may not listen on ${where}. Use a port above 1023, or allow it with: setcap cap_net_bind_service=+ep on the node program.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `The router cannot listen on ${where}: this machine does not have that address. Use one that it has, or 0.0.0.0 for all.`;
  return `The router cannot listen on ${where} (${code}). Choose another address.`;
}

/**
 * Listens on a unix socket with this mode. The socket is made under a name of its own and renamed into place: there is
 * always a socket at the path while one router takes over from another, one left behind by a crash is replaced, and
 * libuv, which deletes the name it bound when a server closes, does not delete the successor's. Resolves with a function
 * that removes the socket if it is still this one. Throws CannotStart.
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<() => Promise<void>> {
  const bound = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(bound, { force: true });
    await listening(server, { path: bound });
    await chmod(bound, mode);
    const { ino } = await stat(bound);
    await rename(bound, path);
    return async () => {
      const now = await stat(path).catch(() => undefined);
      if (now?.ino === ino) await rm(path, { force: true });
    };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CannotStart(
      `The router cannot make its socket ${path} (${code}). Give it a path in a folder that it may write to, at most 90 characters long.`,
      { cause },
    );
  }
}
