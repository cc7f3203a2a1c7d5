import { z } from "zod";

/** Why a release could not be brought up, as far as what was seen proves it. */
export const FAILURE_CODES = [
  // It runs and does not answer as it should
  "nothing_listens",
  "listens_elsewhere",
  "listens_on_loopback",
  "not_http",
  "too_slow",
  "wrong_path",
  "unexpected_answer",
  "wrong_body",
  "host_refused",
  "redirects_to_https",
  "check_command_failed",
  "image_check_failed",
  "image_check_missing",
  "not_through_router",
  "no_answer",
  // It does not go on running
  "crash_loop",
  "out_of_memory",
  "name_not_resolved",
  "permission_denied",
  "port_taken",
  "disk_full",
  "removed_by_other",
  // It could not be started
  "command_not_found",
  "command_not_executable",
  "wrong_architecture",
  // What it runs on ended meanwhile
  "engine_away",
  // It could not be built
  "build_step_failed",
  "build_file_refused",
  "build_out_of_memory",
  "dependency_unreachable",
  "dependency_missing",
] as const;
export const FailureCode = z.enum(FAILURE_CODES);
export type FailureCode = z.infer<typeof FailureCode>;

/** Where the one thing to change lies. */
export const FailurePlace = z.enum([
  /** A setting of the environment, named by `field` */
  "settings",
  /** A variable of the environment, named by `field` when it is known which */
  "variables",
  /** The app's own code or files */
  "app",
  /** The machine it runs on */
  "server",
]);
export type FailurePlace = z.infer<typeof FailurePlace>;

/** The cause of a failure in words, and the one thing to change. What was seen is the evidence that goes with it. */
export const FailureCause = z.object({
  code: FailureCode,
  /** What happened, a sentence or two */
  sentence: z.string(),
  /** What to do, a sentence or two */
  remedy: z.string(),
  place: FailurePlace,
  /** The setting as a dotted name such as config.port, or the variable's name; null where none is to be changed */
  field: z.string().nullable(),
});
export type FailureCause = z.infer<typeof FailureCause>;
