import { pino } from "pino";
import { CannotStart } from "./listen/cannot-start.ts";
import { parseListen } from "./listen/parse-listen.ts";
import { startRouter } from "./start-router.ts";

/** Reads the environment, starts the router and ends it on SIGTERM, SIGINT or when the process that started it is gone. */
async function main(): Promise<void> {
  const log = pino({ name: "router" });
  const { WINDLASS_ROUTER_PROXIED_SOCKET, WINDLASS_ROUTER_ASK_LISTEN } = process.env;
  const router = await startRouter({
    listen: parseListen("WINDLASS_ROUTER_LISTEN", needed("WINDLASS_ROUTER_LISTEN")),
    ...inheritedSocket(process.env),
    controlSocket: needed("WINDLASS_ROUTER_CONTROL_SOCKET"),
    tableFile: needed("WINDLASS_ROUTER_TABLE"),
    ...(WINDLASS_ROUTER_PROXIED_SOCKET && { proxiedSocket: WINDLASS_ROUTER_PROXIED_SOCKET }),
    ...(WINDLASS_ROUTER_ASK_LISTEN && {
      askListen: parseListen("WINDLASS_ROUTER_ASK_LISTEN", WINDLASS_ROUTER_ASK_LISTEN),
    }),
    log,
  });

  const stop = (reason: string): void => {
    log.info({ reason }, "router stops");
    router.stop().then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, "router did not stop cleanly");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop(signal));
  // The supervisor may be killed without a chance to tell: then the channel to it closes.
  process.once("disconnect", () => stop("disconnect"));
  process.send?.({ type: "ready", listen: router.listen });
}

/** The first socket that the parent hands on, as systemd does it (sd_listen_fds(3)). */
function inheritedSocket({ LISTEN_FDS, LISTEN_PID }: NodeJS.ProcessEnv): { listenFd?: number } {
  const isOurs = LISTEN_PID === undefined || LISTEN_PID === String(process.pid);
  return isOurs && Number(LISTEN_FDS) >= 1 ? { listenFd: 3 } : {};
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new CannotStart(`${name} is not set. Set it before starting the router.`);
  return value;
}

main().catch((cause: unknown) => {
  const known = cause instanceof CannotStart;
  process.stderr.write(`${known ? cause.message : (cause instanceof Error && cause.stack) || String(cause)}\n`);
  process.exit(1);
});
