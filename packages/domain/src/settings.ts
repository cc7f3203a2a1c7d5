import { z } from "zod";
import { EnvKey, isStorable, Port, RepoPath, UrlPath } from "./names.ts";

// What an environment is configured to be: the part of a release that people edit.

/** A command as argv. It is never handed to a shell; people who want one write `sh -c` themselves, in their image. */
export const Argv = z
  .array(
    z
      .string()
      .max(4000, "Use at most 4000 characters.")
      .refine(isStorable, "A word of a command has no null character."),
  )
  .min(1, "A command has at least one word.")
  .max(100, "A command has at most 100 words.")
  .refine((words) => (words[0] ?? "").length > 0 && !words[0]?.startsWith("-"), "A command starts with a program.");

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

const seconds = (min: number, max: number) =>
  z.number().min(min, `At least ${min} seconds.`).max(max, `At most ${max} seconds.`);

const HttpCodes = z
  .string()
  .max(100)
  .regex(/^[1-5]\d\d(?:-[1-5]\d\d)?(?:,[1-5]\d\d(?:-[1-5]\d\d)?)*$/, "Codes are written like 200-299 or 200,204,301.");

export const HealthCheck = z.object({
  kind: z.enum(["http", "tcp"]).default("http"),
  path: UrlPath.default("/"),
  codes: HttpCodes.default("200-399"),
  /** Between two probes */
  intervalSeconds: seconds(0.1, 60).default(1),
  /** Of one probe */
  timeoutSeconds: seconds(0.1, 60).default(5),
  /** Failed probes after the start period until the release is given up */
  retries: z.int().min(0, "At least 0.").max(100, "At most 100.").default(10),
  /** Failed probes do not count while the app may still be starting */
  startPeriodSeconds: seconds(0, 600).default(20),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

/** True when a status code is one of those the check was told to accept. */
export function isExpectedCode(codes: string, status: number): boolean {
  return codes.split(",").some((part) => {
    const [low, high = low] = part.split("-").map(Number) as [number, number?];
    return status >= low && status <= high;
  });
}

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
