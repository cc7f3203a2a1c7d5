"use client";

import { useSyncExternalStore } from "react";

const never = () => () => {};

/** False until the page's script runs: a form sent before that would leave the page. */
export const useIsReady = (): boolean =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
