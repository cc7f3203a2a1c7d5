/** The typed client for programs: every procedure over HTTP, every subscription over WebSocket, with a personal token. */
export { createWindlassClient, type WindlassClient, type WindlassClientOptions } from "./create-windlass-client.ts";
