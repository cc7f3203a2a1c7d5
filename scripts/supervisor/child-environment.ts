import { createHash } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Options } from "./options.ts";
import { StartFailure } from "./start-failure.ts";

/** sun_path of unix(7) holds 108 bytes with its end; some systems have fewer. */
const LONGEST_SOCKET_PATH = 100;

export interface ChildEnvironments {
  common: NodeJS.ProcessEnv;
  router: NodeJS.ProcessEnv;
  web: NodeJS.ProcessEnv;
  worker: NodeJS.ProcessEnv;
}

/** What each program is told through its environment; the operator's own settings are handed on. */
export function childEnvironments(options: Options, env: NodeJS.ProcessEnv): ChildEnvironments {
  const { dataFolder, host, port, routerPort } = options;
  const controlSocket = socketPath(dataFolder);
  const common: NodeJS.ProcessEnv = {
    ...withoutNpm(env),
    NODE_ENV: "production",
    // Types are stripped once, not at every start; without the stripper a process is some 40 MB smaller.
    NODE_COMPILE_CACHE: path.join(dataFolder, "cache", "node"),
    WINDLASS_DATA_DIR: dataFolder,
    WINDLASS_APPS_DOMAIN: env.WINDLASS_APPS_DOMAIN || "localhost",
    WINDLASS_APPS_PORT: env.WINDLASS_APPS_PORT || String(routerPort),
    WINDLASS_ROUTER_CONTROL_SOCKET: controlSocket,
  };
  return {
    common,
    router: {
      ...common,
      WINDLASS_ROUTER_LISTEN: `${bracketed(host)}:${routerPort}`,
      WINDLASS_ROUTER_TABLE: path.join(dataFolder, "router", "table.json"),
    },
    web: { ...common, HOST: host, PORT: String(port) },
    worker: {
      ...common,
      WINDLASS_ROUTER_ENTRY: `${bracketed(localAddress(host))}:${routerPort}`,
      WINDLASS_GIT_FILE_ROOTS: [env.WINDLASS_GIT_FILE_ROOTS, path.join(dataFolder, "sample")].filter(Boolean).join(":"),
    },
  };
}

/** Where this machine itself reaches what listens on `host`. */
export function localAddress(host: string): string {
  return ["0.0.0.0", "::", "localhost"].includes(host) ? "127.0.0.1" : host;
}

/** An IPv6 address as it stands in front of a port. */
export const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE_CHANNEL_)/.test(name)));
}

/** Beside the data, or, where that path is too long for a socket, in a folder of our own below the temporary one. */
function socketPath(dataFolder: string): string {
  const beside = path.join(dataFolder, "run", "router.sock");
  if (Buffer.byteLength(beside) < LONGEST_SOCKET_PATH) return beside;
  const uid = process.getuid?.() ?? 0;
  const id = createHash("sha256").update(`${uid} ${dataFolder}`).digest("hex").slice(0, 12);
  const folder = path.join(tmpdir(), `windlass-${id}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const entry = statSync(folder);
  if (entry.uid !== uid || (entry.mode & 0o077) !== 0) {
    throw new StartFailure(
      `The folder ${folder} belongs to somebody else.`,
      "Remove it, or choose a data folder with a shorter path: --data-dir.",
    );
  }
  return path.join(folder, "router.sock");
}
