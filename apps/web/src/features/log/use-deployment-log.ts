"use client";

import { useEffect, useState } from "react";
import { useTRPCClient } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { LogStore } from "./log-store";

type Problem = ReturnType<typeof problemOf>;

/** Follows a deployment's log into a store. The link resumes after the last line by itself when the socket comes back. */
export function useDeploymentLog(deploymentId: string): {
  store: LogStore;
  problem: Problem | null;
  retry: () => void;
} {
  const client = useTRPCClient();
  const [store] = useState(() => new LogStore());
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` begins it anew
  useEffect(() => {
    if (store.isComplete) return;
    const subscription = client.deployment.log.subscribe(
      { deploymentId, lastEventId: String(store.lastSeq) },
      {
        onData({ data }) {
          store.append(data);
          setProblem(null);
          if (store.hasGap) setAttempt((before) => before + 1);
        },
        // A question that was cut off before it was sent is an error of the link, not an answer: ask again.
        onError: (error) => (error.data ? setProblem(problemOf(error)) : setAttempt((before) => before + 1)),
      },
    );
    return () => subscription.unsubscribe();
  }, [client, deploymentId, store, attempt]);
  return { store, problem, retry: () => setAttempt((before) => before + 1) };
}
