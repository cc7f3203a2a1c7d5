export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export { CannotStart } from "./listen/cannot-start.ts";
export type { ListenAddress } from "./listen/parse-listen.ts";
export { type Router, type RouterOptions, startRouter } from "./start-router.ts";
