import type { Live } from "@windlass/api/live";
import type { Services } from "@windlass/api/operations";
import type { Database } from "@windlass/db";
import type { SecretCipher } from "@windlass/db/encryption";
import type { RuntimeLogStore } from "@windlass/db/runtime-log-store";
import type { RuntimeKind } from "@windlass/domain";
import type { DiskFolder, Router, RuntimePorts, SourceRepository, Store, Workspace } from "@windlass/engine";
import type { Logger } from "pino";
import type { Bounds } from "./storage/plan-clean-up.ts";

/** What the worker's parts share; made once in main.ts. */
export interface Worker {
  db: Database;
  cipher: SecretCipher;
  live: Live;
  runtimeLogs: RuntimeLogStore;
  log: Logger;
  /** Names this process in leases and reports */
  holder: string;
  /** Marks what this Windlass makes on an engine it may share with others */
  owner: string;
  leaseMs: number;
  /** How long a deployment waits for an engine that went away */
  enginePatienceMs: number;
  /** For all instances together that stay warm on this machine */
  warmMemoryMb: number;
  /** Names the machine that this worker builds on; workers of one machine share its build places */
  server: string;
  places: Places;
  source: SourceRepository;
  router: Router;
  workspace: Workspace;
  /** Where deployments write to on this machine */
  diskFolders(): Promise<DiskFolder[]>;
  /** What they leave free on each disk; null: what is usual for its size */
  leastFreeBytes: number | null;
  /** For what is kept to build and fetch less the next time */
  storageBounds: Bounds;
  mirrors: Store;
  sources: Store;
  /** The adapters of a runtime kind, or why it cannot be used here */
  runtimeOf(kind: RuntimeKind): RuntimePorts | RuntimeProblem;
  /** For what a worker asks for as a user would */
  services: Services;
  /** Aborts when the worker shuts down: work under way is left for the next one */
  shutdown: AbortSignal;
}

/** Why a runtime cannot be used, in a sentence or two. */
export interface RuntimeProblem {
  problem: string;
  /** It could be before, so it may come back */
  wasThere: boolean;
}

/** How much a worker does at once. */
export interface Places {
  /** Deployments at work */
  environments: number;
  /** Of these at most for one team, while there are other teams: the rest stays free for them */
  perTeam: number;
  /** Builds at once on the server, of all its workers together */
  builds: number;
}
