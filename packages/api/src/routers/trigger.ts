import type { Actor } from "../actor.ts";

/** Where a request came from, in words. */
export const triggerOf = (actor: Actor): string => (actor.kind === "token" ? "API" : "console");
