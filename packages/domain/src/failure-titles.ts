import type { FailureCode } from "./failure.ts";

// A file of its own, without Zod: pages that only name a cause do not load it.

/** Each cause in a few words, for titles and lists. */
export const FAILURE_TITLES: Record<FailureCode, string> = {
  nothing_listens: "Nothing listens",
  listens_elsewhere: "Listens on another port",
  listens_on_loopback: "Listens only on 127.0.0.1",
  not_http: "Does not speak HTTP",
  too_slow: "Answers too slowly",
  wrong_path: "The health path does not exist",
  unexpected_answer: "Answers with another code",
  wrong_body: "Answers with another text",
  host_refused: "Refuses its own host name",
  redirects_to_https: "Redirects to https for ever",
  check_command_failed: "The check's command fails",
  image_check_failed: "The image's HEALTHCHECK fails",
  image_check_missing: "There is no HEALTHCHECK",
  not_through_router: "Does not answer its visitors",
  no_answer: "Does not become healthy",
  crash_loop: "Ends by itself",
  out_of_memory: "Out of memory",
  name_not_resolved: "A host name is not known",
  permission_denied: "Permission denied",
  port_taken: "The port is taken",
  disk_full: "The disk is full",
  removed_by_other: "Removed by someone else",
  command_not_found: "The start program does not exist",
  command_not_executable: "The start program cannot be run",
  wrong_architecture: "Made for another processor",
  engine_away: "The Docker engine went away",
  build_step_failed: "The build failed",
  build_file_refused: "The Dockerfile cannot be read",
  build_out_of_memory: "The build ran out of memory",
  dependency_unreachable: "A dependency cannot be downloaded",
  dependency_missing: "A dependency does not exist",
};
