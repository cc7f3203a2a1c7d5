import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { OwnerLabels } from "../ports.ts";
import type { Family } from "../programs/end-family.ts";
import { type ProcessEntry, readProcess } from "../programs/list-processes.ts";
import { readJson } from "./json-file.ts";

const Labels = z.object({
  owner: z.string(),
  teamId: z.string(),
  appId: z.string(),
  appSlug: z.string(),
  environmentId: z.string(),
  environmentSlug: z.string(),
  deploymentId: z.string(),
  releaseId: z.string(),
}) satisfies z.ZodType<OwnerLabels>;

/** A pid alone may be another's by now. */
const ProcessKey = z.object({ pid: z.int(), startedAt: z.string() });
export type ProcessKey = z.infer<typeof ProcessKey>;

/** What is known of an instance when everything else was forgotten. No variables: those stay in the process alone. */
export const InstanceRecord = z.object({
  name: z.string(),
  labels: Labels,
  ordinal: z.int().positive().default(1),
  releasePath: z.string(),
  port: z.int(),
  /** In each of its processes' environment */
  mark: z.string(),
  /** Which start made the record: another one's is not to be written over */
  startedBy: z.string().optional(),
  /** Null from before it is spawned until its pid is known */
  process: ProcessKey.nullable(),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;

/** How it ended, written by the worker that spawned it; none when that was gone by then. */
export const ExitRecord = z.object({
  /** Whose end it is: a worker that was frozen writes late, when there may be another in the folder */
  process: ProcessKey,
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
});
export type ExitRecord = z.infer<typeof ExitRecord>;

export const STATE_FILE = "state.json";
export const EXIT_FILE = "exit.json";
export const OUTPUT_FILE = "output.log";

export const readInstance = (instances: string, name: string): Promise<InstanceRecord | undefined> =>
  readJson(join(instances, name, STATE_FILE), InstanceRecord);

export async function listInstances(instances: string): Promise<InstanceRecord[]> {
  const names = await readdir(instances).catch(() => []);
  const records = await Promise.all(names.map((name) => readInstance(instances, name)));
  return records.filter((record) => record !== undefined);
}

/** Its first process when that still lives: a pid alone may be another's by now. */
export async function findLeader(record: InstanceRecord): Promise<ProcessEntry | undefined> {
  if (record.process === null) return undefined;
  const found = await readProcess(record.process.pid);
  return found?.startedAt === record.process.startedAt ? found : undefined;
}

/** All that may still live of it. A group outlives its leader, and keeps the leader's pid from being used again. */
export async function familyOf(record: InstanceRecord): Promise<Family> {
  const { mark } = record;
  if (record.process === null) return { leader: null, mark };
  const found = await readProcess(record.process.pid);
  const isReused = found !== undefined && found.startedAt !== record.process.startedAt;
  return { leader: isReused ? null : record.process.pid, mark };
}
