"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useSubscription } from "@trpc/tanstack-react-query";
import { useEffect } from "react";
import { useConnection } from "./connection";
import { problemOf } from "./errors";
import { toLogin } from "./to-login";

export interface Live<T> {
  /** The newest picture; the one of the last visit until the first push arrives */
  data: T | undefined;
  problem: ReturnType<typeof problemOf> | null;
  retry: () => void;
}

/** Follows a `watch` procedure: each push is a whole fresh picture. Kept for the next visit, so that pages do not blink. */
export function useLive<T, E>(options: Parameters<typeof useSubscription<T, E>>[0]): Live<T> {
  const queryClient = useQueryClient();
  const key = options.queryKey as readonly unknown[];
  const { data, error, status, reset } = useSubscription<T, E>({
    ...options,
    onData: (pushed) => {
      queryClient.setQueryData(key, pushed);
      options.onData?.(pushed);
    },
  });
  const connection = useConnection();
  // A question that was cut off before it was sent is an error of the link, not an answer: ask again.
  const wasCutOff = status === "error" && !(error as { data?: unknown }).data;
  useEffect(() => {
    if (wasCutOff && connection.state === "connected") reset();
  }, [wasCutOff, connection.state, reset]);
  const isStuck = status === "error" && !wasCutOff && connection.state === "connected";
  const problem = isStuck ? problemOf(error) : null;
  const isLost = problem?.code === "not_signed_in";
  useEffect(() => {
    if (isLost) toLogin();
  }, [isLost]);
  return { data: data ?? queryClient.getQueryData<T>(key), problem, retry: reset };
}
