import { z } from "zod";
import { HostName, hasControlCharacter, isStorable } from "./names.ts";
import { Address } from "./release.ts";

/**
 * The router's control protocol: JSON over HTTP on its unix socket. A "service" is the set of host names that lead to
 * one target; Windlass uses one service for each environment, the router does not know that. Every command carries a
 * fencing token that never falls for a service: an older one is answered 409 `stale_token`, so a worker that lost its
 * lease can change nothing. Commands are idempotent.
 *
 * POST /apply   ApplyCommand   → ServiceState    create or replace a service: hosts, target, notice
 * POST /switch  SwitchCommand  → SwitchResult    swap the target; returns once the pointer is swapped and saved
 * POST /drain   DrainCommand   → DrainResult     returns when what an old target had claimed has ended, or at the limits
 * POST /hold    HoldCommand    → {}              maintenance, pause or open; stays until the next one, over switches and restarts
 * POST /remove  RemoveCommand  → {}
 * GET  /table   ?service=&windowSeconds=  → RouterTable
 * GET  /health                 → { ok: true, hosts: number }
 */

const fencingToken = z.int().nonnegative();
const ServiceName = z.string().min(1).max(200);

/** An address or a range of them: 203.0.113.7, 10.0.0.0/8, 2001:db8::/32. */
export const AddressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: "Write an address like 203.0.113.7 or a range like 10.0.0.0/8.",
});

/** Names one release's address; requests and drains are counted by it. */
export const Target = z.object({ id: z.string().min(1).max(200), addresses: z.array(Address).min(1).max(100) });
export type Target = z.infer<typeof Target>;

/** What people are told where nothing serves on purpose; programs get it as JSON. Status 503. */
export const Notice = z.object({
  title: z
    .string()
    .trim()
    .min(1, "Give it a title.")
    .max(200, "Use at most 200 characters.")
    .refine((s) => isStorable(s) && !hasControlCharacter(s), "Use visible characters on one line."),
  text: z.string().max(2000, "Use at most 2000 characters.").refine(isStorable, "The text has no null character."),
});
export type Notice = z.infer<typeof Notice>;

export const ApplyCommand = z.object({
  service: ServiceName,
  token: fencingToken,
  hosts: z.array(HostName).max(100),
  /** null: the hosts are known and nothing serves them yet, or any more */
  target: Target.nullable(),
  /** Shown while there is no target. Left out: the one before stays; null: it goes. A target takes it away */
  notice: Notice.nullable().optional(),
});
export type ApplyCommand = z.infer<typeof ApplyCommand>;

/**
 * What holds traffic back in front of whatever is live. Deployments go on beneath it: a switch changes what it leads to
 * when it is opened again.
 */
export const TrafficHold = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("maintenance"),
    notice: Notice,
    retryAfterSeconds: z.int().min(1, "At least 1 second.").max(86_400, "At most a day.").default(300),
    /** These clients pass: addresses, or ranges like 10.0.0.0/8 */
    allow: z.array(AddressRange).max(100, "At most 100 addresses.").default([]),
  }),
  z.object({
    kind: z.literal("paused"),
    /** Requests that wait; more are answered 503 at once */
    maxRequests: z.int().min(1, "At least 1.").max(10_000, "At most 10 000.").default(1000),
    /** Each waits at most this long, then it is answered 503 */
    maxSeconds: z.int().min(1, "At least 1 second.").max(300, "At most 300 seconds.").default(30),
  }),
]);
export type TrafficHold = z.infer<typeof TrafficHold>;

export const HoldCommand = z.object({ service: ServiceName, token: fencingToken, hold: TrafficHold.nullable() });
export type HoldCommand = z.infer<typeof HoldCommand>;

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
  /** Requests may take this long */
  timeoutMs: z.int().nonnegative().max(3_600_000),
  /** WebSockets and event streams, which never end by themselves, may go on this long. Left out: as long as requests */
  streamGraceMs: z.int().nonnegative().max(3_600_000).optional(),
});
export type DrainCommand = z.infer<typeof DrainCommand>;

export const DrainResult = z.object({
  /** Requests that were open when the drain began and have ended by themselves */
  drained: z.int(),
  /** WebSockets and event streams that were asked to come again after their grace, and ended in order */
  closed: z.int(),
  /** What was left at the limit and broken off */
  cutOff: z.int(),
  waitedMs: z.number(),
});
export type DrainResult = z.infer<typeof DrainResult>;

export const RemoveCommand = z.object({ service: ServiceName, token: fencingToken });
export type RemoveCommand = z.infer<typeof RemoveCommand>;

/** The last seconds of a target, without Windlass's own probes; the second that is not over yet is left out. */
export const TargetWindow = z.object({
  seconds: z.int(),
  requests: z.int(),
  unanswered: z.int(),
  serverErrors: z.int(),
  /** Of first bytes; latencies are kept in slices of five seconds, so up to four seconds more than asked are looked at */
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
});
export type TargetWindow = z.infer<typeof TargetWindow>;

/** Counts since the router started, for one target of a service. */
export const TargetCounts = z.object({
  targetId: z.string(),
  /** Without Windlass's own probes */
  requests: z.int(),
  /** Answers the router itself made because the target did not answer, and answers that broke off */
  unanswered: z.int(),
  /** 5xx of the target */
  serverErrors: z.int(),
  active: z.int(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** When the query named windowSeconds */
  window: TargetWindow.optional(),
});
export type TargetCounts = z.infer<typeof TargetCounts>;

/** How far back a window can reach. */
export const LONGEST_WINDOW_SECONDS = 120;

export interface TableQuery {
  /** Only this service */
  service?: string;
  /** Adds to each target what it did in the last seconds, 1 to 120 */
  windowSeconds?: number;
}

export const ServiceState = z.object({
  service: z.string(),
  token: fencingToken,
  hosts: z.array(z.string()),
  target: Target.nullable(),
  notice: Notice.nullable().default(null),
  hold: TrafficHold.nullable().default(null),
  /** Requests that wait for the end of a pause */
  waiting: z.int().default(0),
  /** What serves first, then those it took over from, latest first */
  counts: z.array(TargetCounts),
});
export type ServiceState = z.infer<typeof ServiceState>;

export const RouterTable = z.object({
  services: z.array(ServiceState),
  /** What the header of Windlass's own probes must say, so that they pass a hold and are not counted as users */
  probeKey: z.string().default(""),
});
export type RouterTable = z.infer<typeof RouterTable>;

/** The header of Windlass's own probes, with the table's probeKey; it never travels on. */
export const PROBE_HEADER = "x-windlass-probe";

/** On pages that the router itself answers with: what kind. */
export const ROUTER_PAGE_HEADER = "x-windlass-router";

/** Any command that is not done: 400 invalid_input, 404 not_found, 409 stale_token or host_taken, 503 taken_over, 500 failed. */
export const RouterRefusal = z.object({
  error: z.enum(["invalid_input", "not_found", "stale_token", "host_taken", "taken_over", "failed"]),
  message: z.string(),
});
export type RouterRefusal = z.infer<typeof RouterRefusal>;
