/**
 * Live data. Postgres is the only broker: triggers notify a topic at each commit, each process has one LISTEN
 * connection, and readers of a topic read again. A lost notification only delays: every reader is woken when the
 * connection comes back.
 */
export { type Live, openLive, TICK, type Watch } from "./live.ts";
export { snapshots } from "./snapshots.ts";
