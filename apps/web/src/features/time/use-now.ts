"use client";

import { useSyncExternalStore } from "react";

/** One clock for the page, which ticks only while somebody looks at it. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  now = Date.now();
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const never = () => () => {};

/** The time, renewed every second; `isTicking` false holds it still. */
export function useNow(isTicking = true): number {
  return useSyncExternalStore(
    isTicking ? subscribe : never,
    () => now,
    () => now,
  );
}
