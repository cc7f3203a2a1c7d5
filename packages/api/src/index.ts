/**
 * The procedures: typed inputs and outputs, an authoriser in front of every one, and operations behind them that know
 * no transport. Entries of their own: ./operations and ./live, for the worker and the first run.
 */
export { type Actor, authenticate, type Credentials } from "./actor.ts";
export { type AppRouter, appRouter } from "./router.ts";
export * from "./schemas.ts";
export type { AddressSettings, Services } from "./services.ts";
export type { Access, ApiContext, DomainErrorShape, ProcedureMeta } from "./trpc.ts";
