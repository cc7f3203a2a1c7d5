import { totalmem } from "node:os";
import { parseRange } from "@windlass/engine";
import { z } from "zod";

const list = z
  .string()
  .default("")
  .transform((text) => text.split(":").filter((part) => part !== ""));

const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");

function isRange(text: string): boolean {
  try {
    return parseRange(text).length === 2;
  } catch {
    return false;
  }
}

const ranges = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()])))
  .refine((parts) => parts.every(isRange), "Write WINDLASS_GIT_PRIVATE_RANGES like 10.0.0.0/8,192.168.1.5.");

/** What the worker is configured by; read once, in main.ts. */
const Settings = z.object({
  DATABASE_URL: z.string().min(1, "Set DATABASE_URL to the Postgres that Windlass shall use."),
  WINDLASS_SECRET_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "Set WINDLASS_SECRET_KEY to 64 hexadecimal digits (openssl rand -hex 32)."),
  WINDLASS_DATA_DIR: z.string().startsWith("/", "Set WINDLASS_DATA_DIR to an absolute path."),
  WINDLASS_ROUTER_CONTROL_SOCKET: z.string().min(1, "Set WINDLASS_ROUTER_CONTROL_SOCKET to the router's socket."),
  /** host:port at which requests enter the router */
  WINDLASS_ROUTER_ENTRY: z.string().regex(/^.+:\d+$/, "Set WINDLASS_ROUTER_ENTRY to the router's host:port."),
  WINDLASS_DOCKER_SOCKET: z.string().default("/var/run/docker.sock"),
  WINDLASS_DOCKER_SUBNETS: z.string().optional(),
  /** Folders from which repositories may be deployed by path, separated by colons */
  WINDLASS_GIT_FILE_ROOTS: list,
  /** Repositories over plain http: for a network that is trusted */
  WINDLASS_GIT_ALLOW_HTTP: flag,
  /** Private ranges that repositories may be read from, in CIDR notation, separated by commas */
  WINDLASS_GIT_PRIVATE_RANGES: ranges,
  /** Certificates that git and builds trust beside the system's, where a proxy signs connections again */
  WINDLASS_CA_FILE: z.string().optional(),
  NODE_EXTRA_CA_CERTS: z.string().optional(),
  /** Environments worked on at once */
  WINDLASS_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(4),
  /** Most memory, in MB, that releases may have which stay warm for a rollback; a quarter of the machine's by default */
  WINDLASS_WARM_MEMORY_MB: z.coerce
    .number()
    .int()
    .min(0)
    .default(Math.floor(totalmem() / 4 / 1024 ** 2)),
  /** Disk space, in MB, that deployments leave free; by default a twentieth of the disk, between 1 and 2 GB. 0: they do not look */
  WINDLASS_LEAST_FREE_MB: z
    .literal("")
    .transform(() => undefined)
    .or(z.coerce.number().int().min(0))
    .optional(),
  /** Most megabytes, and days without use, for what builds leave for the next ones: layers without a name, package caches */
  WINDLASS_BUILD_CACHE_MB: z.coerce.number().int().min(0).default(10_000),
  WINDLASS_BUILD_CACHE_DAYS: z.coerce.number().min(0).default(14),
  /** The same for mirrors of repositories */
  WINDLASS_GIT_MIRRORS_MB: z.coerce.number().int().min(0).default(10_000),
  WINDLASS_GIT_MIRROR_DAYS: z.coerce.number().min(0).default(30),
  /** How many of them one team may have while there are other teams; all but one when left out */
  WINDLASS_WORKER_TEAM_CONCURRENCY: z.coerce.number().int().min(1).max(100).optional(),
  /** Builds at once on this server, of all its workers together */
  WINDLASS_BUILD_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(2),
  /** Names this machine to workers that share it; containers on one machine must be given the same */
  WINDLASS_SERVER_NAME: z.string().min(1).max(200).optional(),
  /** How long a deployment waits for an engine that went away, in milliseconds */
  WINDLASS_ENGINE_PATIENCE_MS: z.coerce.number().int().min(0).max(3_600_000).default(120_000),
  /** How long a silent worker keeps an environment, in milliseconds */
  WINDLASS_LEASE_MS: z.coerce.number().int().min(1000).max(60_000).default(6000),
});
export type WorkerSettings = z.infer<typeof Settings>;

/** Exits with one sentence for each setting that cannot be used. */
export function readSettings(): WorkerSettings {
  const parsed = Settings.safeParse(process.env);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) process.stderr.write(`${issue.path.join(".")}: ${issue.message}\n`);
  process.exit(1);
}
