import { useSyncExternalStore } from "react";

/** How the page hangs on the server: what the live dot shows. */
export type Connection =
  | { state: "connecting" }
  | { state: "connected" }
  | { state: "reconnecting"; retryAt: number }
  | { state: "offline" };

const CONNECTING: Connection = { state: "connecting" };
let current: Connection = CONNECTING;
const listeners = new Set<() => void>();

export function setConnection(next: Connection): void {
  current = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useConnection = (): Connection =>
  useSyncExternalStore(
    subscribe,
    () => current,
    () => CONNECTING,
  );

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;

/** Doubles from a quarter of a second up to fifteen: a restarted server is found at once, a lost one is not hammered. */
export const retryDelayMs = (attempt: number): number => Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS);
