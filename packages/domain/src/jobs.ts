import { z } from "zod";
import { CommitRange } from "./deployment.ts";
import { GitRef, Id } from "./names.ts";
import { AppSource } from "./source.ts";

/** A job says that an environment has something to do; the rows say what. Losing or doubling a job loses nothing. */
export const ENVIRONMENT_QUEUE = "environment-wake";
export const EnvironmentJob = z.object({ environmentId: Id });
export type EnvironmentJob = z.infer<typeof EnvironmentJob>;

/** Questions about a source: asked by the web, answered by the worker, which alone runs git. */
export const SOURCE_CHECK_QUEUE = "source-check";

/** What is in a source that is not saved yet? */
const SourceCheckJob = z.object({
  kind: z.literal("check"),
  checkId: Id,
  source: AppSource,
  ref: z.string(),
  /** Base64 of encrypted credentials; never in the clear in the queue */
  repositoryToken: z.string().nullable(),
  deployKey: z.string().nullable(),
  /** known_hosts lines that a person confirmed */
  sshHostKeys: z.array(z.string()),
});
export type SourceCheckJob = z.infer<typeof SourceCheckJob>;

/** Which commits would a deployment of this branch, tag or commit bring? */
const CommitsJob = z.object({ kind: z.literal("commits"), checkId: Id, environmentId: Id, ref: GitRef });
export type CommitsJob = z.infer<typeof CommitsJob>;

export const SourceJob = z.discriminatedUnion("kind", [SourceCheckJob, CommitsJob]);
export type SourceJob = z.infer<typeof SourceJob>;

/** What a look into a source found, or why it could not be looked into. */
export const SourceCheckResult = z.discriminatedUnion("ok", [
  z.object({
    ok: z.literal(true),
    /** 40 hex digits, or the image's digest when the engine knows it */
    revision: z.string(),
    branches: z.array(z.string()),
    defaultBranch: z.string().nullable(),
    commitMessage: z.string().nullable(),
    commitAuthor: z.string().nullable(),
    /** The build that was detected, in words, and its kind */
    build: z.object({ kind: z.enum(["dockerfile", "node", "static", "none"]), why: z.string() }).nullable(),
    /** Why no build was detected */
    buildProblem: z.string().nullable(),
    /** The port found in the files (EXPOSE), when there is one */
    port: z.int().nullable(),
    /** The Dockerfile that will be used, generated or found, for reading */
    dockerfile: z.string().nullable(),
  }),
  z.object({
    ok: z.literal(false),
    code: z.string(),
    message: z.string(),
    /** What an ssh server that nobody has confirmed yet presented: a person compares the fingerprint, then it is pinned */
    hostKeys: z.array(z.object({ knownHostsLine: z.string(), fingerprint: z.string() })).optional(),
  }),
]);
export type SourceCheckResult = z.infer<typeof SourceCheckResult>;

/** The commits that a deployment would bring, or why they could not be read. */
export const CommitsResult = z.discriminatedUnion("ok", [
  CommitRange.extend({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);
export type CommitsResult = z.infer<typeof CommitsResult>;
