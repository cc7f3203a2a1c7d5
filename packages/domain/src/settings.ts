import { z } from "zod";
import { Argv, seconds } from "./bounds.ts";
import { HealthCheck } from "./health.ts";
import { EnvKey, isStorable, Port, RepoPath } from "./names.ts";

// What an environment is configured to be: the part of a release that people edit.

const BuildTarget = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "A build stage has letters, digits, . _ and -");

export const BuildConfig = z.discriminatedUnion("kind", [
  /** Detect from the repository's files at each deployment */
  z.object({ kind: z.literal("auto"), context: RepoPath.default(RepoPath.parse(".")) }),
  z.object({
    kind: z.literal("dockerfile"),
    context: RepoPath.default(RepoPath.parse(".")),
    /** Relative to the context */
    dockerfile: RepoPath.default(RepoPath.parse("Dockerfile")),
    target: BuildTarget.optional(),
    /** Not secret: they stay readable in the image's history */
    args: z
      .record(EnvKey, z.string().max(4000).refine(isStorable, "A build argument has no null character."))
      .default({}),
  }),
  z.object({ kind: z.literal("node"), context: RepoPath.default(RepoPath.parse(".")) }),
  z.object({
    kind: z.literal("static"),
    context: RepoPath.default(RepoPath.parse(".")),
    /** The folder that is served, relative to the context, after the build when there is one */
    folder: RepoPath.default(RepoPath.parse(".")),
  }),
  /** The source is an image already */
  z.object({ kind: z.literal("none") }),
]);
export type BuildConfig = z.infer<typeof BuildConfig>;

export const Resources = z.object({
  memoryMb: z.int().min(16, "At least 16 MB.").max(1_048_576, "At most 1 TB.").default(512),
  cpus: z.number().min(0.05, "At least 0.05.").max(256, "At most 256.").default(1),
  processes: z.int().min(8, "At least 8.").max(100_000, "At most 100 000.").default(512),
});
export type Resources = z.infer<typeof Resources>;

export const MAX_INSTANCES = 20;

export const EnvironmentConfig = z.object({
  build: BuildConfig.default({ kind: "auto", context: RepoPath.parse(".") }),
  /** The port the app listens on; the app also gets it as PORT. Under the process runtime only PORT counts */
  port: Port.default(3000),
  /** Replaces the image's or the preset's start command */
  command: Argv.optional(),
  /** Runs once for each deployment, in an instance of its own of the new release, before anything of it serves; its failure fails the deployment */
  releaseCommand: Argv.optional(),
  /** Runs once the release is live; its failure is a warning */
  postDeployCommand: Argv.optional(),
  /** How long each of the two may take */
  commandSeconds: seconds(1, 3600).default(600),
  health: HealthCheck.default(() => HealthCheck.parse({})),
  resources: Resources.default(() => Resources.parse({})),
  /** Copies that run beside each other; each has the resources above. Of the environment, not of a release */
  instances: z.int().min(1, "At least 1.").max(MAX_INSTANCES, `At most ${MAX_INSTANCES}.`).default(1),
  /** How many releases before the live one are kept for a rollback */
  keepReleases: z.int().min(1, "At least 1.").max(50, "At most 50.").default(10),
  /** Days after which one that no longer serves is not kept, whatever their number; the last one before the live always is. 0: no limit */
  keepDays: z.int().min(0, "At least 0.").max(3650, "At most 3650.").default(90),
  /** How long the release before the live one goes on running out of the traffic, for an instant rollback; 0: it is stopped at once */
  warmMinutes: z.int().min(0, "At least 0.").max(1440, "At most 1440.").default(60),
  /** How long a new release is watched after the switch; trouble brings the one before back. 0: it is not watched */
  bakeMinutes: z.int().min(0, "At least 0.").max(1440, "At most 1440.").default(5),
  /** How long open requests of the old release may take after a switch */
  drainSeconds: seconds(0, 3600).default(30),
  /** How long WebSockets and event streams of the old release may go on after a switch, until they are asked to come again */
  webSocketGraceSeconds: seconds(0, 3600).default(5),
  /** Between the polite and the final signal */
  stopSeconds: seconds(0, 300).default(10),
});
export type EnvironmentConfig = z.infer<typeof EnvironmentConfig>;

export const VariableInput = z
  .object({
    key: EnvKey,
    value: z
      .string()
      .max(32_768, "Use at most 32 768 characters.")
      .refine(isStorable, "A value has no null character."),
    isSecret: z.boolean().default(false),
  })
  .refine((v) => !v.isSecret || v.value.length >= 4, {
    path: ["value"],
    message: "A secret has at least 4 characters: a shorter one could not be kept out of the log.",
  });
export type VariableInput = z.infer<typeof VariableInput>;

export const RuntimeKind = z.enum(["docker", "process"]);
export type RuntimeKind = z.infer<typeof RuntimeKind>;
