"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  splitLink,
  type TRPCClient,
  type TRPCLink,
  wsLink,
} from "@trpc/client";
import type { AppRouter } from "@windlass/api";
import { type ReactNode, useState } from "react";
import superjson from "superjson";
import { retryDelayMs, setConnection } from "./connection";
import { TRPCProvider } from "./context";
import { problemOf } from "./errors";
import { toLogin } from "./to-login";

const SIGNED_OUT = 4401;

function makeClient(isLive: boolean): TRPCClient<AppRouter> {
  const http = httpBatchLink<AppRouter>({ url: "/api/trpc", transformer: superjson, maxItems: 20 });
  if (!isLive || typeof window === "undefined") return createTRPCClient<AppRouter>({ links: [http] });
  const live = liveLink(() => client);
  const client = createTRPCClient<AppRouter>({
    links: [splitLink({ condition: (operation) => operation.type === "subscription", true: live, false: http })],
  });
  return client;
}

/** One socket for everything that is pushed. It comes back by itself; a session that has ended leads to the sign-in page. */
function liveLink(client: () => TRPCClient<AppRouter>): TRPCLink<AppRouter> {
  const whySignedOut = async () => {
    const problem = await client()
      .account.me.query()
      .then(() => null, problemOf);
    if (problem?.code === "not_signed_in") toLogin();
    if (problem?.code === "password_change_required") window.location.assign("/change-password");
  };
  const socket = createWSClient({
    url: `${window.location.origin.replace(/^http/, "ws")}/api/trpc-ws`,
    keepAlive: { enabled: true, intervalMs: 15_000, pongTimeoutMs: 5_000 },
    retryDelayMs(attempt) {
      const delay = retryDelayMs(attempt);
      setConnection(navigator.onLine ? { state: "reconnecting", retryAt: Date.now() + delay } : { state: "offline" });
      // A refused upgrade says nothing of why: ask, once the first tries have failed.
      if (attempt === 1 || attempt % 5 === 4) void whySignedOut();
      return delay;
    },
    onOpen: () => setConnection({ state: "connected" }),
    onClose: (cause) => {
      if (cause?.code === SIGNED_OUT) toLogin();
    },
  });
  return wsLink<AppRouter>({ client: socket, transformer: superjson });
}

const makeQueryClient = () =>
  new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 30_000, refetchOnWindowFocus: false } } });

let shared: { client: TRPCClient<AppRouter>; queryClient: QueryClient } | undefined;

/** The procedures for all below. `isLive` opens the socket: only where somebody is signed in. */
export function ProceduresProvider({ isLive = false, children }: { isLive?: boolean; children: ReactNode }) {
  const [{ client, queryClient }] = useState(() => {
    if (typeof window === "undefined" || !isLive) {
      return { client: makeClient(false), queryClient: makeQueryClient() };
    }
    shared ??= { client: makeClient(true), queryClient: makeQueryClient() };
    return shared;
  });
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={client} queryClient={queryClient}>
        {children}
      </TRPCProvider>
    </QueryClientProvider>
  );
}
