import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "pino";
import { createAskServer } from "./control/ask-server.ts";
import { createControlServer } from "./control/control-server.ts";
import { Predecessor } from "./control/predecessor.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { CannotStart } from "./listen/cannot-start.ts";
import { listenTcp, listenUnix } from "./listen/listen.ts";
import type { ListenAddress } from "./listen/parse-listen.ts";
import { stopServer } from "./listen/stop-server.ts";
import { createTrafficServer } from "./proxy/traffic-server.ts";
import { loadTable } from "./table/load-table.ts";
import { readProbeKey } from "./table/probe-key.ts";
import { checkWritable, saveTable } from "./table/save-table.ts";
import { TableKeeper } from "./table/table-keeper.ts";
import { LiveTable } from "./traffic/live-table.ts";

const GOODBYES_EVERY_MS = 50;

export interface RouterOptions {
  /** Public HTTP. Forwarding headers of clients are replaced */
  listen: ListenAddress;
  /** A socket bound to that address that somebody else holds open: connections wait in it while no router is there */
  listenFd?: number;
  /** Unix socket for Caddy in front; its forwarding headers are believed */
  proxiedSocket?: string;
  /** Unix socket for the worker's commands; mode 0600 */
  controlSocket: string;
  /** Where Caddy asks whether a host is known; keep it on the loopback */
  askListen?: ListenAddress;
  /** File in which the table is kept */
  tableFile: string;
  log: Logger;
  limits?: Partial<Limits>;
}

export interface Router {
  /** With the port that was found when it was 0 */
  readonly listen: ListenAddress;
  readonly askListen: ListenAddress | undefined;
  /** Takes no more connections, lets what is in flight end up to `limits.stopMs`, cuts off the rest. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a router; resolves once everything listens. Throws CannotStart with a sentence for the operator. */
export async function startRouter(options: RouterOptions): Promise<Router> {
  const { log, tableFile } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { records, probeKey } = await openTable(tableFile, log);
  const table = new LiveTable(records, limits);
  const keeper = new TableKeeper(
    records,
    (next) => saveTable(tableFile, next),
    (changed, next) => table.take(changed, next),
  );

  let predecessor: Predecessor | undefined;
  const readAgain = async (): Promise<void> => {
    const latest = await loadTable(tableFile, log);
    const names = new Set([...table.services.keys(), ...latest.keys()]);
    keeper.startFrom(latest);
    table.take(names, latest);
  };

  const open = createTrafficServer({ table, peer: "anybody", limits, log, probeKey });
  const proxied = createTrafficServer({ table, peer: "caddy", limits, log, probeKey });
  const { promise: opened, resolve: takeCommands } = Promise.withResolvers<void>();
  const control = createControlServer({
    table,
    keeper,
    log,
    probeKey,
    opened,
    predecessor: () => predecessor,
    follow: readAgain,
  });
  const ask = createAskServer(table);
  const traffic = [open, proxied];
  const removals: (() => Promise<void>)[] = [];

  const stop = async (): Promise<void> => {
    for (const one of traffic) one.beginStopping();
    const { lingerMs, stopMs, stopStreamGraceMs } = limits;
    let isGraceOver = false;
    const grace = setTimeout(() => {
      isGraceOver = true;
    }, stopStreamGraceMs);
    // Again and again: a request still under way may become a stream.
    const goodbyes = setInterval(() => isGraceOver && table.sendStreamsAway(), GOODBYES_EVERY_MS);
    await Promise.all(
      traffic.map(({ server, upgraded }) => stopServer(server, { lingerMs, limitMs: stopMs, upgraded })),
    );
    clearTimeout(grace);
    clearInterval(goodbyes);
    await Promise.all([
      stopServer(control, { lingerMs: 0, limitMs: stopMs }),
      stopServer(ask, { lingerMs: 0, limitMs: lingerMs }),
    ]);
    await keeper.settled();
    predecessor?.forget();
    await Promise.all(removals.map((remove) => remove()));
  };

  try {
    const listen = await listenTcp(open.server, options.listen, options.listenFd);
    if (options.proxiedSocket !== undefined)
      removals.push(await listenUnix(proxied.server, options.proxiedSocket, 0o660));
    const askListen = options.askListen && (await listenTcp(ask, options.askListen));
    predecessor = Predecessor.find(options.controlSocket, log);
    removals.push(await listenUnix(control, options.controlSocket, 0o600));
    // A router that this one takes over from may have been commanded since the table was read. Now commands come here.
    await predecessor?.handOver();
    await readAgain();
    takeCommands();
    log.info({ listen, askListen, hosts: table.hostCount }, "router listens");
    let stopped: Promise<void> | undefined;
    return {
      listen,
      askListen,
      stop() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Reads the table and shows that it can be written, so that a folder without permission is found at start and not at the first switch. */
async function openTable(path: string, log: Logger) {
  try {
    await mkdir(dirname(path), { recursive: true });
    checkWritable(path);
    return { records: await loadTable(path, log), probeKey: readProbeKey(path) };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CannotStart(
      `The router cannot keep its table in ${path} (${code}). Give it a file in a folder that it may write to.`,
      { cause },
    );
  }
}
