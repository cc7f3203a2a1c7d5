import { createTRPCClient, createWSClient, httpLink, splitLink, type TRPCClient, wsLink } from "@trpc/client";
import type { AppRouter } from "@windlass/api";
import superjson from "superjson";
import WebSocket from "ws";

export interface WindlassClientOptions {
  /** Where the console is, such as https://windlass.example.com */
  url: string;
  /** A personal token */
  token: string;
}

export interface WindlassClient {
  /** Every procedure: `api.app.list.query({ teamId })`, `api.deployment.log.subscribe({ deploymentId }, …)` */
  api: TRPCClient<AppRouter>;
  /** Ends the WebSocket, which is opened by the first subscription. */
  close(): Promise<void>;
}

/** Errors are TRPCClientErrors whose `data.domain` holds a code, a sentence and the field it is about. */
export function createWindlassClient({ url, token }: WindlassClientOptions): WindlassClient {
  const headers = { authorization: `Bearer ${token}` };
  class AuthorisedWebSocket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { headers });
    }
  }
  const socket = createWSClient({
    url: new URL("/api/trpc-ws", url.replace(/^http/, "ws")).href,
    WebSocket: AuthorisedWebSocket as unknown as typeof globalThis.WebSocket,
    lazy: { enabled: true, closeMs: 10_000 },
  });
  const api = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: wsLink({ client: socket, transformer: superjson }),
        false: httpLink({ url: new URL("/api/trpc", url).href, transformer: superjson, headers }),
      }),
    ],
  });
  return { api, close: () => socket.close() };
}
