import { z } from "zod";
import { HostName } from "./names.ts";
import { Address } from "./release.ts";

/**
 * The router's control protocol: JSON over HTTP on its unix socket. A "service" is the set of host names that lead to
 * one target; Windlass uses one service for each environment, the router does not know that. Every command carries a
 * fencing token that never falls for a service: an older one is answered 409 `stale_token`, so a worker that lost its
 * lease can change nothing. Commands are idempotent.
 *
 * POST /apply   ApplyCommand   → ServiceState    create or replace a service: hosts, target
 * POST /switch  SwitchCommand  → SwitchResult    swap the target; returns once the pointer is swapped and saved
 * POST /drain   DrainCommand   → DrainResult     returns when the requests claimed by an old target have ended, or at the limit
 * POST /remove  RemoveCommand  → {}
 * GET  /table                  → RouterTable
 * GET  /health                 → { ok: true, hosts: number }
 */

const fencingToken = z.int().nonnegative();
const ServiceName = z.string().min(1).max(200);

/** Names one release's address; requests and drains are counted by it. */
export const Target = z.object({ id: z.string().min(1).max(200), addresses: z.array(Address).min(1).max(100) });
export type Target = z.infer<typeof Target>;

export const ApplyCommand = z.object({
  service: ServiceName,
  token: fencingToken,
  hosts: z.array(HostName).max(100),
  /** null: the hosts are known and nothing serves them yet */
  target: Target.nullable(),
});
export type ApplyCommand = z.infer<typeof ApplyCommand>;

export const SwitchCommand = z.object({ service: ServiceName, token: fencingToken, target: Target });
export type SwitchCommand = z.infer<typeof SwitchCommand>;

export const SwitchResult = z.object({
  /** The target before, when there was one and it was another */
  previous: Target.nullable(),
  /** From the command's arrival to the swapped pointer being durable */
  switchMs: z.number(),
});
export type SwitchResult = z.infer<typeof SwitchResult>;

export const DrainCommand = z.object({
  service: ServiceName,
  token: fencingToken,
  targetId: z.string().min(1).max(200),
  timeoutMs: z.int().nonnegative().max(3_600_000),
});
export type DrainCommand = z.infer<typeof DrainCommand>;

export const DrainResult = z.object({
  /** Requests that were open when the drain began and have ended */
  drained: z.int(),
  /** Requests cut off at the limit */
  cutOff: z.int(),
  waitedMs: z.number(),
});
export type DrainResult = z.infer<typeof DrainResult>;

export const RemoveCommand = z.object({ service: ServiceName, token: fencingToken });
export type RemoveCommand = z.infer<typeof RemoveCommand>;

/** Counts since the router started, for one target of a service. */
export const TargetCounts = z.object({
  targetId: z.string(),
  requests: z.int(),
  /** Answers the router itself made because the target did not answer, and 5xx of the target */
  unanswered: z.int(),
  serverErrors: z.int(),
  active: z.int(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});
export type TargetCounts = z.infer<typeof TargetCounts>;

export const ServiceState = z.object({
  service: z.string(),
  token: fencingToken,
  hosts: z.array(z.string()),
  target: Target.nullable(),
  counts: z.array(TargetCounts),
});
export type ServiceState = z.infer<typeof ServiceState>;

export const RouterTable = z.object({ services: z.array(ServiceState) });
export type RouterTable = z.infer<typeof RouterTable>;

/** Any command that is refused: 400 invalid_input, 404 not_found, 409 stale_token or host_taken. */
export const RouterRefusal = z.object({
  error: z.enum(["invalid_input", "not_found", "stale_token", "host_taken"]),
  message: z.string(),
});
export type RouterRefusal = z.infer<typeof RouterRefusal>;
