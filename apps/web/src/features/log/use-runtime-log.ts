"use client";

import type { RuntimeLogFilter } from "@windlass/domain";
import { useEffect, useState } from "react";
import { useTRPCClient } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { RuntimeLogStore } from "./runtime-log-store";

type Problem = ReturnType<typeof problemOf>;

const PAGE = 1000;

export interface RuntimeLog {
  store: RuntimeLogStore;
  /** Reading or searching right now, and how far back it came, in milliseconds since the epoch */
  isReading: boolean;
  reachedAt: number | null;
  hasOlder: boolean;
  readOlder: () => void;
  /** Lines that were left out because they came too fast to be shown */
  skipped: number;
  problem: Problem | null;
  retry: () => void;
}

/** The newest lines that a filter lets through, then what is added. Begins anew with each filter. */
export function useRuntimeLog(environmentId: string, filter: RuntimeLogFilter): RuntimeLog {
  const client = useTRPCClient();
  const key = JSON.stringify(filter);
  const [attempt, setAttempt] = useState(0);
  const [log, setLog] = useState(() => begin(key));
  const isCurrent = log.key === key;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the filter, `attempt` begins it anew
  useEffect(() => {
    const stop = new AbortController();
    const started = begin(key);
    let subscription: { unsubscribe: () => void } | undefined;
    setLog(started);
    const change = (next: Partial<ReturnType<typeof begin>>) =>
      setLog((before) => (before.store === started.store ? { ...before, ...next } : before));
    const fail = (error: unknown) => {
      if (!stop.signal.aborted) change({ problem: problemOf(error), isReading: false });
    };
    client.log.read.query({ environmentId, filter, limit: PAGE }, { signal: stop.signal }).then((page) => {
      if (stop.signal.aborted) return;
      started.store.addNewer(page.lines);
      change({ isReading: false, next: page.next, reachedAt: page.reachedAt });
      subscription = client.log.follow.subscribe(
        { environmentId, filter, lastEventId: String(page.lastSeq) },
        {
          onData({ data }) {
            started.store.addNewer(data.lines);
            if (data.skipped > 0) setLog((before) => ({ ...before, skipped: before.skipped + data.skipped }));
          },
          // A question that was cut off before it was sent is an error of the link, not an answer: ask again.
          onError: (error) => (error.data ? fail(error) : setAttempt((before) => before + 1)),
        },
      );
    }, fail);
    return () => {
      stop.abort();
      subscription?.unsubscribe();
    };
  }, [client, environmentId, key, attempt]);

  const readOlder = () => {
    const { next, store } = log;
    if (next === null || log.isReading) return;
    setLog({ ...log, isReading: true });
    client.log.read.query({ environmentId, filter, before: next, limit: PAGE }).then(
      (page) => {
        store.addOlder(page.lines);
        setLog((before) =>
          before.store === store
            ? { ...before, isReading: false, next: page.next, reachedAt: page.reachedAt ?? before.reachedAt }
            : before,
        );
      },
      (error) => setLog((before) => ({ ...before, isReading: false, problem: problemOf(error) })),
    );
  };

  return {
    store: log.store,
    isReading: log.isReading || !isCurrent,
    reachedAt: log.reachedAt,
    hasOlder: log.next !== null,
    readOlder,
    skipped: log.skipped,
    problem: log.problem,
    retry: () => setAttempt((before) => before + 1),
  };
}

const begin = (key: string) => ({
  key,
  store: new RuntimeLogStore(),
  isReading: true,
  next: null as number | null,
  reachedAt: null as number | null,
  skipped: 0,
  problem: null as Problem | null,
});
