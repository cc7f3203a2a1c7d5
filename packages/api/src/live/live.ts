import { EventEmitter } from "node:events";
import pg from "pg";

const CHANNEL = "windlass";
const RECONNECT_MS = 500;
const EVERY_TOPIC = "*";
const TICK_MS = 10_000;
/** Comes from no row but from this process, every ten seconds: for what changes when time passes and nothing happens. */
export const TICK = "tick";

/** Waits for the next change of the watched topics. */
export interface Watch {
  /** True when something may have changed since the last call; false once the signal fired. Misses nothing in between. */
  next(): Promise<boolean>;
  close(): void;
}

export interface Live {
  watch(topics: readonly string[], signal: AbortSignal): Watch;
  close(): Promise<void>;
}

/** Opens this process's one LISTEN connection, and keeps it open. */
export function openLive(databaseUrl: string): Live {
  const events = new EventEmitter().setMaxListeners(0);
  let client: pg.Client | undefined;
  let isClosed = false;

  const connect = async (): Promise<void> => {
    if (isClosed) return;
    const connection = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    client = connection;
    let isRetrying = false;
    const retry = () => {
      if (isRetrying || isClosed) return;
      isRetrying = true;
      connection.end().catch(() => {});
      setTimeout(() => void connect(), RECONNECT_MS).unref();
    };
    connection.on("error", retry);
    connection.on("end", retry);
    connection.on("notification", (message) => events.emit(message.payload ?? EVERY_TOPIC));
    try {
      await connection.connect();
      await connection.query(`LISTEN ${CHANNEL}`);
      // What was notified while nobody listened is not repeated: everyone reads again.
      events.emit(EVERY_TOPIC);
    } catch {
      retry();
    }
  };
  void connect();
  const ticking = setInterval(() => events.emit(TICK), TICK_MS).unref();

  return {
    watch(topics, signal) {
      let isDirty = true;
      let wake = () => {};
      const onChange = () => {
        isDirty = true;
        wake();
      };
      const names = [...topics, EVERY_TOPIC];
      for (const name of names) events.on(name, onChange);
      const close = () => {
        for (const name of names) events.off(name, onChange);
        wake();
      };
      signal.addEventListener("abort", close, { once: true });
      return {
        async next() {
          if (!isDirty && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
          isDirty = false;
          return !signal.aborted;
        },
        close,
      };
    },
    async close() {
      isClosed = true;
      clearInterval(ticking);
      await client?.end().catch(() => {});
    },
  };
}
